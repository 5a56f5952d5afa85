"""Client connections and Raft groups of NATS clusters, and servers' certificates, as families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from obs.catalogue import nats_clients, nats_raft, nats_server
from obs.families.family import Family, RowCache
from obs.snapshot.servers import NatsServer, RaftGroups

STATES = ("leader", "follower", "candidate", "closed")


@dataclass(slots=True)
class ClientSum:
    """What is known of the connections of one name; `traffic`: messages and bytes from and to."""

    traffic: tuple[int, int, int, int]
    connections: int = 0
    subscriptions: int = 0
    pending: int = 0
    pending_share: float | None = None
    round_trip: float | None = None
    active: float | None = None


def client_families(
    clients: Mapping[tuple[str, ...], ClientSum], cache: RowCache, since: float
) -> list[Family]:
    """By source, account and name; counters began at `since` (Unix seconds)."""
    rows, every = cache.rows("clients", list(clients)), list(clients.values())
    counters = (
        *(nats_clients.RECEIVED, nats_clients.SENT),
        *(nats_clients.RECEIVED_BYTES, nats_clients.SENT_BYTES),
    )
    return [
        Family(nats_clients.CONNECTIONS, rows, [each.connections for each in every]),
        *(
            Family(metric, rows, [each.traffic[index] for each in every], since)
            for index, metric in enumerate(counters)
        ),
        Family(nats_clients.SUBSCRIPTIONS, rows, [each.subscriptions for each in every]),
        Family(nats_clients.PENDING, rows, [each.pending for each in every]),
        Family(nats_clients.PENDING_SHARE, rows, [each.pending_share for each in every]),
        Family(nats_clients.ROUND_TRIP, rows, [each.round_trip for each in every]),
        Family(nats_clients.LAST_ACTIVITY, rows, [each.active for each in every]),
    ]


def left_out_family(left_out: Mapping[tuple[str, ...], int], cache: RowCache) -> Family:
    """Connections without a series, by source and account."""
    rows = cache.rows("left out", list(left_out))
    return Family(nats_clients.LEFT_OUT_CONNECTIONS, rows, list(left_out.values()))


def server_pending_family(source: str, servers: Sequence[NatsServer], cache: RowCache) -> Family:
    """Bytes that wait for clients, of servers that tell their connections."""
    told = [each for each in servers if each.clients]
    rows = cache.rows("pending", [(source, each.address) for each in told])
    values = [
        sum(one.pending for account in each.clients or () for one in account.connections)
        for each in told
    ]
    return Family(nats_clients.SERVER_PENDING, rows, values)


def raft_families(source: str, servers: Sequence[NatsServer], cache: RowCache) -> list[Family]:
    """The Raft groups of servers that tell them all."""
    told = [(each.address, each.raft) for each in servers if each.raft]
    by_state = cache.rows("raft", [(source, name, state) for name, _ in told for state in STATES])
    rows = cache.rows("rafts", [(source, name) for name, _ in told])
    groups = [_together(each) for _, each in told]
    states = [each.states.get(state, 0) for each in groups for state in STATES]
    return [
        Family(nats_raft.GROUPS, by_state, states),
        Family(nats_raft.LEADERLESS, rows, [each.leaderless for each in groups]),
        Family(nats_raft.CATCHING_UP, rows, [each.catching_up for each in groups]),
        Family(nats_raft.BACKLOG, rows, [each.backlog for each in groups]),
        Family(nats_raft.MOST_BEHIND, rows, [each.most_behind for each in groups]),
        Family(nats_raft.PEER_LAG, rows, [each.peer_lag for each in groups]),
        Family(nats_raft.UNREADABLE, rows, [each.unreadable for each in groups]),
    ]


def _together(groups: Sequence[RaftGroups]) -> RaftGroups:
    return RaftGroups(
        {state: sum(each.states.get(state, 0) for each in groups) for state in STATES},
        sum(each.leaderless for each in groups),
        sum(each.catching_up for each in groups),
        sum(each.backlog for each in groups),
        max(each.most_behind for each in groups),
        max(each.peer_lag for each in groups),
        sum(each.unreadable for each in groups),
    )


def certificates_family(
    source: str, servers: Sequence[NatsServer], now: float, cache: RowCache
) -> Family:
    """Seconds until the certificates of servers expire, at `now` (Unix seconds)."""
    told = [(s.address, which, end) for s in servers for which, end in s.certificates.items()]
    rows = cache.rows("certificates", [(source, address, which) for address, which, _ in told])
    ends = [round(end - now, 1) for *_, end in told]
    return Family(nats_server.CERTIFICATE_REMAINING, rows, ends)
