"""What accounts of a NATS cluster use, and may use."""

from collections.abc import Mapping

import msgspec


class AccountShare(msgspec.Struct, frozen=True, gc=False):
    """What one server tells of an account: the connections and the traffic on that server.

    Counts are since the server started; None where it does not tell.
    """

    id: str
    name: str
    connections: int | None = None
    leaf_nodes: int | None = None
    subscriptions: int | None = None
    received: int | None = None
    sent: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None
    slow_connections: int | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """What an account, or one of its tiers, uses of JetStream; None where that is not told.

    A limit is None where there is none, too. `consumers_limit` is that of each stream, of which
    the fullest has `most_consumers`.
    """

    memory: int | None = None
    memory_limit: int | None = None
    memory_reserved: int | None = None
    store: int | None = None
    store_limit: int | None = None
    store_reserved: int | None = None
    streams: int | None = None
    streams_limit: int | None = None
    consumers: int | None = None
    most_consumers: int | None = None
    consumers_limit: int | None = None


class Account(msgspec.Struct, frozen=True, gc=False):
    """An account of the cluster: what all servers together tell of it.

    `tiers` by name (R1, R3); `usage` is that of all tiers, replicas included. API requests are
    counted since some server started, and fall when it starts again.
    """

    id: str
    name: str
    usage: Usage = Usage()
    tiers: Mapping[str, Usage] = {}
    api_requests: int | None = None
    api_errors: int | None = None
    connections: int | None = None
    connections_limit: int | None = None
    leaf_nodes: int | None = None
    leaf_nodes_limit: int | None = None
    subscriptions: int | None = None
