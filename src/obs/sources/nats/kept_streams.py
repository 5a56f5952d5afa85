"""Streams that a snapshot lacks although nothing says that they were deleted."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from obs.snapshot.assets import Stream
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.absence import Missing, Servers

FORGET_AFTER: Final = 3600.0
"""Seconds after which what is missing counts as deleted, unless a server that may have it is known
and does not tell."""

StreamId = tuple[str, str]  # account, stream


class _Last(NamedTuple):
    """A stream as a poll told it for the last time, the poll's time (Unix seconds), and the number
    of the last poll by which it exists."""

    stream: Stream
    at: float
    poll: int


class KeptStreams:
    """Keeps a stream's last values for `keep` seconds while it cannot be told."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._told: Mapping[StreamId, Stream] = {}
        self._told_at = 0.0
        self._absent: dict[StreamId, _Last] = {}
        self.missing: dict[StreamId, Missing] = {}

    def update(self, snapshot: NatsSnapshot, servers: Servers) -> tuple[Stream, ...]:
        """The streams to show after a poll: those told, and those that are missing and kept.

        One that has no series, because it cannot be read, is not missing: it exists.
        """
        told = {(stream.account, stream.name): stream for stream in snapshot.streams}
        for key in self._told.keys() - told.keys():
            self._absent[key] = _Last(self._told[key], self._told_at, servers.poll - 1)
        self._told, self._told_at = told, snapshot.at
        if not self._absent:
            return snapshot.streams
        without_series = {each[:2] for each in snapshot.unwatched if not each.consumer}
        self.missing, absent = {}, {}
        for key, last in sorted(self._absent.items()):
            if key in told:
                continue
            if key in without_series:
                absent[key] = last._replace(poll=servers.poll)
            elif why := _why_missing(key, last, servers, snapshot.at):
                absent[key], self.missing[key] = last, why
        self._absent = absent
        kept = [each for key, each in absent.items() if key in self.missing]
        shown = [each.stream for each in kept if snapshot.at - each.at <= self._keep]
        return (*snapshot.streams, *shown)

    def last(self, key: StreamId) -> Stream | None:
        """The stream as it was last told; None where it was deleted."""
        found = self._told.get(key)
        return found or (self._absent[key].stream if key in self._absent else None)

    def clock_ahead(self, account: str, name: str) -> float:
        """By how many seconds the clock of the stream's server is ahead, as far as is known."""
        stream = self.last((account, name))
        return stream.clock_ahead if stream else 0.0


def _why_missing(key: StreamId, last: _Last, servers: Servers, now: float) -> Missing | None:
    """Why it is missing; None where it was deleted."""
    server = last.stream.server
    why = servers.why_absent((server, *last.stream.holders), key, last.poll)
    return None if why and is_forgotten(why, servers, server, now - last.at) else why


def is_forgotten(why: Missing, servers: Servers, server: str, age: float) -> bool:
    """Whether what has been missing for `age` seconds counts as deleted by now."""
    return age > FORGET_AFTER and (why == "restarted" or not servers.is_known(server))
