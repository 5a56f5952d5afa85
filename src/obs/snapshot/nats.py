"""One NATS cluster at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from obs.errors import SourceError
from obs.snapshot.accounts import Account
from obs.snapshot.assets import Consumer, Stream, SubjectMessages
from obs.snapshot.peer_pages import PeerServer
from obs.snapshot.servers import IncompleteServer, NatsServer


class Unwatched(NamedTuple):
    """A stream, or a consumer where its name is not empty, that exists but has no series."""

    account: str
    stream: str
    consumer: str = ""


@dataclass(frozen=True, slots=True)
class NatsSnapshot:
    """One NATS cluster at `at`, the moment its answers arrived (Unix seconds).

    `left_out` counts consumers without a series of their own by reason (excluded, ephemeral, cap,
    new, unreadable), and unreadable streams.
    What is not in the snapshot was deleted only where no server is `incomplete`: an answer in part
    says nothing about what it leaves out. `fault`: why nothing at all can be told, although a
    server answered. `steady` is `at` by a clock that is never set (seconds); None: not known.
    `credentials`: when those of connections expire (Unix seconds), of those that do.
    `by_subject`: messages by the subjects that the spec names; `uncounted`: why others are not
    told, a sentence each.
    `elsewhere`: streams, each with its account, that another shard's collector watches; they are
    unwatched here, and their consumers are not known.
    `left_out` also counts accounts beyond their cap (accounts), which are in no server either.
    `peers`: pages as another exporter reads them, where its names are served.
    """

    at: float
    servers: tuple[NatsServer, ...]
    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    incomplete: tuple[IncompleteServer, ...] = ()
    fault: SourceError | None = None
    unwatched: tuple[Unwatched, ...] = ()
    steady: float | None = None
    credentials: Mapping[str, float] = field(default_factory=dict)
    by_subject: tuple[SubjectMessages, ...] = ()
    uncounted: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    peers: tuple[PeerServer, ...] = ()
    elsewhere: frozenset[tuple[str, str]] = frozenset()

    @property
    def tells_all(self) -> bool:
        """Whether what is not in it does not exist."""
        every_server = all(server.up for server in self.servers)
        return every_server and not self.incomplete and self.fault is None
