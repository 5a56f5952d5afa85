"""Why a stream or consumer is not in a snapshot: deleted, or only not told."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import Incompleteness, IncompleteServer

Missing = Incompleteness | Literal["restarted"]
"""Why something is missing though nothing says that it was deleted: the server that had it does
not tell (see Incompleteness), or was started again and tells all, but no longer has it."""
MISSING: Final[tuple[Missing, ...]] = (*get_args(Incompleteness), "restarted")
_REMEMBERED: Final = 1000  # servers, those that answered last


class Servers:
    """The servers of one source: which of them tell all, and since which poll each one runs.

    Polls are counted rather than timed: what a poll tells was true a moment before it ended, and
    clocks are set.
    """

    def __init__(self) -> None:
        self.poll = 0
        """The number of the last poll, from 1."""
        self._runs: dict[str, tuple[str, int]] = {}  # name → (id, the first poll that saw it)
        self._telling: set[str] = set()
        self._incomplete: dict[str, IncompleteServer] = {}

    def observe(self, snapshot: NatsSnapshot) -> None:
        """Take what the next poll says of its servers."""
        self.poll += 1
        self._telling = {server.name for server in snapshot.servers if server.up}
        self._incomplete = {server.name: server for server in snapshot.incomplete if server.name}
        for server in snapshot.servers:
            if server.up:
                run = self._runs.pop(server.name, ("", 0))  # the last to answer comes last
                self._runs[server.name] = run if run[0] == server.id else (server.id, self.poll)
        while len(self._runs) > _REMEMBERED:
            del self._runs[next(iter(self._runs))]

    def why_absent(
        self, holders: Iterable[str], stream: tuple[str, str], last_poll: int
    ) -> Missing | None:
        """Why something of `stream` (account, name) is absent that `last_poll` was the last to see.

        `holders` are the servers that had it, its leader first. None: one of them, which has run
        since that poll, tells that it is gone: it was deleted.
        """
        reasons = [self._why(holder, stream, last_poll) for holder in holders]
        return None if None in reasons else reasons[0] if reasons else "unreachable"

    def is_known(self, server: str) -> bool:
        """Whether the server is still one of the cluster's, if not one that tells all."""
        return server in self._incomplete or server in self._telling

    def _why(self, server: str, stream: tuple[str, str], last_poll: int) -> Missing | None:
        incomplete = self._incomplete.get(server)
        if incomplete is not None and _concerns(incomplete, stream):
            return incomplete.why
        if not server:  # nobody knows who had it: any that does not tell may
            return next((each.why for each in self._incomplete.values()), None)
        if server not in self._telling:
            return "unreachable"
        return "restarted" if self._runs[server][1] > last_poll else None


def _concerns(server: IncompleteServer, stream: tuple[str, str]) -> bool:
    only = server.only
    return only is None or stream in only or (stream[0], "") in only


def counted(reasons: Iterable[Missing]) -> dict[Missing, int]:
    """How many there are of each reason, zeros included."""
    found = list(reasons)
    return {reason: found.count(reason) for reason in MISSING}
