"""The servers of a NATS cluster, and what they are linked to."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from obs.snapshot.accounts import AccountShare

Incompleteness = Literal["unreachable", "recovering", "jetstream_off", "incomplete"]
"""Why a server's answer does not tell all that it holds: it did not answer; it is still reading
its streams after a start; its JetStream is off, or has disabled itself; its answer lacks assets
that it counts itself."""


class IncompleteServer(msgspec.Struct, frozen=True, gc=False):
    """A server whose answer does not tell all that it holds; `words` is its own reason.

    `address` is empty where only other servers name it. `only`: the streams, as (account, stream),
    of which it does not tell all, and of all others it does; a stream "" is all of the account's,
    which is named by its label. None: it may hold anything.
    """

    address: str
    name: str  # empty where it has never answered
    why: Incompleteness
    words: str = ""
    only: frozenset[tuple[str, str]] | None = None


class Link(msgspec.Struct, frozen=True, gc=False):
    """A leaf node, another cluster behind a gateway, or another server of the cluster.

    `account` is empty unless it is a leaf node. `received` and `sent` count messages; `round_trip`
    is in seconds; `pending` bytes wait to be sent, None where that is not told.
    """

    account: str
    name: str
    received: int
    sent: int
    received_bytes: int
    sent_bytes: int
    subscriptions: int
    round_trip: float | None
    pending: int | None = None
    connections: int = 1


class ClientConnection(msgspec.Struct, frozen=True, gc=False):
    """One connection of a client; `name` is what the client calls itself, empty where it does not.

    `cid` is unique to the server since its start. `active`: when it last sent or received, by the
    server's clock (Unix seconds).
    """

    cid: int
    name: str
    received: int
    sent: int
    received_bytes: int
    sent_bytes: int
    subscriptions: int
    pending: int
    round_trip: float | None = None
    active: float | None = None


class AccountConnections(msgspec.Struct, frozen=True, gc=False):
    """Connections to one server of an account's clients, by its id; `left_out` are not told."""

    account: str
    connections: tuple[ClientConnection, ...]
    left_out: int = 0


class RaftGroups(msgspec.Struct, frozen=True, gc=False):
    """Raft groups of one account on one server, summed up; numbers are of groups or of entries.

    `states`: how many are in each state. `backlog`: entries that are committed and not yet applied,
    of all groups, and `most_behind` of the one with the most. `peer_lag`: the most entries that a
    follower of a group that leads here lacks.
    """

    states: Mapping[str, int]
    leaderless: int
    catching_up: int
    backlog: int
    most_behind: int
    peer_lag: int
    unreadable: int = 0


class NatsServer(msgspec.Struct, frozen=True, gc=False):
    """One server, at its address; the numbers are None where it did not answer.

    `is_account`: not a server, but an account that is read with its own rights.
    """

    address: str  # host:port and path of the monitoring endpoint: the series' identity
    up: bool
    name: str = ""
    version: str = ""
    connections: int | None = None
    slow_consumers: int | None = None
    memory: int | None = None
    memory_limit: int | None = None
    store: int | None = None
    store_limit: int | None = None
    api_errors: int | None = None
    id: str = ""  # new after each start
    healthy: bool | None = None  # by its own verdict; None where it gives none
    unhealthy_because: str = ""  # in its own words
    is_account: bool = False
    facts: Mapping[str, float] = {}  # what it tells of itself, by the metric's name
    slow_connections: Mapping[str, int] = {}  # closed because they read too slowly, by kind
    stale_connections: Mapping[str, int] = {}  # closed because pings went unanswered, by kind
    leaf_nodes: tuple[Link, ...] | None = ()  # of links None: it did not tell
    gateways: tuple[Link, ...] | None = ()
    routes: tuple[Link, ...] | None = ()
    clients: tuple[AccountConnections, ...] | None = ()
    raft: tuple[RaftGroups, ...] | None = ()
    accounts: tuple[AccountShare, ...] = ()
    certificates: Mapping[str, float] = {}  # when each listener's expires (Unix seconds)
    # Seconds that its clock is ahead of the collector's, at least and at most; None: not told.
    clock_ahead: tuple[float, float] | None = None
