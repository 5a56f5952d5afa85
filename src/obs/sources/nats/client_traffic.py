"""The connections of clients over time, summed up by account and name.

A connection's counters end with it, so sums of them would fall: what is exported is what was added
from poll to poll, which goes on when a client connects again.
"""

from collections.abc import Callable
from typing import Final

from obs.catalogue import nats_server
from obs.families.nats_groups import ClientSum
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import ClientConnection, NatsServer

UNNAMED: Final = "(no name)"
"""The label of the connections whose clients set no name."""
REMEMBERED: Final = 3600.0  # seconds for which the counters of a name are kept without it

Traffic = tuple[int, int, int, int]
Identity = tuple[str, ...]
_NONE: Final[Traffic] = (0, 0, 0, 0)


class ClientTraffic:
    """The clients of one source. Counters are not kept over a restart of the collector."""

    def __init__(self, source: str, most: int) -> None:
        """`most` names in each account have series: those that had one, then by the alphabet."""
        self._source = source
        self._most = most
        self._seen: dict[tuple[str, int], Traffic] = {}  # by the server's id and the connection's
        self._totals: dict[Identity, tuple[Traffic, float]] = {}  # with when they were last there
        self._servers: set[str] = set()  # ids that have told

    def update(
        self, snapshot: NatsSnapshot, label: Callable[[str], str]
    ) -> tuple[dict[Identity, ClientSum], dict[Identity, int]]:
        """What is known of each name, and how many connections of each account have no series.

        None of it where a server that answers does not tell: sums would lack its connections.
        """
        servers = [each for each in snapshot.servers if each.up]
        if any(each.clients is None for each in servers):
            return {}, {}
        of_name: dict[Identity, list[tuple[NatsServer, ClientConnection]]] = {}
        left_out: dict[Identity, int] = {}
        for server in servers:
            for each in server.clients or ():
                account: Identity = (self._source, label(each.account))
                left_out[account] = left_out.get(account, 0) + each.left_out
                for connection in each.connections:
                    client: Identity = (*account, connection.name or UNNAMED)
                    of_name.setdefault(client, []).append((server, connection))
        kept = self._kept(of_name)
        for identity, connections in of_name.items():
            if identity not in kept:
                left_out[identity[:2]] += len(connections)
        seen: dict[tuple[str, int], Traffic] = {}
        found = {
            identity: self._sum(identity, of_name[identity], seen, snapshot.at)
            for identity in sorted(kept)
        }
        self._seen = seen
        self._servers = {each.id for each in servers}
        for identity, (_, at) in list(self._totals.items()):
            if not 0 <= snapshot.at - at <= REMEMBERED:
                del self._totals[identity]
        return found, left_out

    def _kept(
        self, of_name: dict[Identity, list[tuple[NatsServer, ClientConnection]]]
    ) -> set[Identity]:
        kept: set[Identity] = set()
        number: dict[Identity, int] = {}
        for each in sorted(of_name, key=lambda one: (one not in self._totals, one)):
            account = each[:2]
            if number.get(account, 0) < self._most:
                number[account] = number.get(account, 0) + 1
                kept.add(each)
        return kept

    def _sum(
        self,
        identity: Identity,
        connections: list[tuple[NatsServer, ClientConnection]],
        seen: dict[tuple[str, int], Traffic],
        now: float,
    ) -> ClientSum:
        total, _ = self._totals.get(identity, (_NONE, now))
        for server, each in connections:
            key = server.id, each.cid
            traffic = (each.received, each.sent, each.received_bytes, each.sent_bytes)
            # What a connection carried before its server was first watched is not of this time.
            before = self._seen.get(key, _NONE if server.id in self._servers else traffic)
            total = _added(total, before, traffic)
            seen[key] = traffic
        self._totals[identity] = (total, now)
        every = [each for _, each in connections]
        shares = [
            each.pending / limit
            for server, each in connections
            if (limit := server.facts.get(nats_server.MAX_PENDING.name))
        ]
        trips = [each.round_trip for each in every if each.round_trip is not None]
        active = [each.active for each in every if each.active is not None]
        return ClientSum(
            total,
            len(every),
            sum(each.subscriptions for each in every),
            sum(each.pending for each in every),
            round(max(shares), 4) if shares else None,
            max(trips, default=None),
            max(active, default=None),
        )


def _added(total: Traffic, before: Traffic, now: Traffic) -> Traffic:
    a, b, c, d = (
        whole + max(new - old, 0) for whole, old, new in zip(total, before, now, strict=True)
    )
    return a, b, c, d
