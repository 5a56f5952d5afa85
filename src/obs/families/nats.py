"""JetStream consumers, streams and servers as families."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

from obs.catalogue import nats, nats_server
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Rows, Value
from obs.lag.reason import REASONS
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot import Consumer, NatsServer, Origin, Stream

MAX_ORIGINS: Final = 64
_UNREACHABLE: Final[list[Value]] = [
    1 if reason == "leader_unreachable" else None for reason in REASONS
]
_INFINITY: Final = float("inf")


class ConsumerRows:
    """The rows of a source's consumers and of their reasons; the same objects while unchanged."""

    def __init__(self) -> None:
        self._cache = RowCache()
        self._of_reasons: tuple[Rows, Rows, Rows] | None = None

    def of(
        self,
        identities: Sequence[tuple[str, ...]],
        unknown: Sequence[tuple[str, ...]] = (),
    ) -> tuple[Rows, Rows]:
        """(one row for each consumer, one for each consumer and reason), the latter also for
        consumers of which only a reason is known."""
        plain, more = self._cache.rows("consumers", identities), self._cache.rows("?", unknown)
        kept = self._of_reasons
        if kept is None or kept[0] is not plain or kept[1] is not more:
            of_all = (*plain.values, *more.values)
            reasons = Rows((*row, reason) for row in of_all for reason in REASONS)
            kept = self._of_reasons = (plain, more, reasons)
        return kept[0], kept[2]


def consumer_families(
    rows: tuple[Rows, Rows],
    consumers: Sequence[Consumer],
    verdicts: Sequence[ConsumerVerdict],
    dead_letters: Sequence[int | None],
    *,
    tolerance: float,
    since: float,
) -> list[Family]:
    """All consumer families. Uncertainty has a sample only where it exceeds `tolerance` seconds.

    Counters began at `since` (Unix seconds). Consumers beyond those that have a verdict are in the
    rows of reasons only: their leader is unreachable.
    """
    row, reason_row = rows

    def family(metric: Metric, values: Sequence[Value]) -> Family:
        return Family(metric, row, values, since)

    return [
        family(nats.LAG_MESSAGES, [v.lag_messages for v in verdicts]),
        # As `round` does, in half the time.
        family(nats.LAG_SECONDS, [int(v.lag_seconds * 1000 + 0.5) / 1000 for v in verdicts]),
        family(
            nats.LAG_UNCERTAINTY,
            [round(v.uncertainty, 3) if v.uncertainty > tolerance else None for v in verdicts],
        ),
        family(nats.STATUS, [int(v.status) for v in verdicts]),
        Family(
            nats.STATUS_REASON,
            reason_row,
            reason_flags(verdicts) + _UNREACHABLE * (len(reason_row) // len(REASONS) - len(row)),
        ),
        family(
            nats.DRAIN_SECONDS,
            [d if (d := v.drain_seconds) == _INFINITY else round(d, 1) for v in verdicts],
        ),
        family(
            nats.EVICTION_SECONDS,
            [
                None if v.eviction_seconds is None else int(v.eviction_seconds * 10 + 0.5) / 10
                for v in verdicts
            ],
        ),
        family(nats.DELIVERED, [v.delivered_total for v in verdicts]),
        family(nats.RESETS, [v.resets for v in verdicts]),
        family(nats.DEAD_LETTERS, dead_letters),
        family(nats.EVICTED_MESSAGES, [v.evicted_total for v in verdicts]),
        family(nats.PENDING_MESSAGES, [c.pending for c in consumers]),
        family(nats.ACK_PENDING_MESSAGES, [c.ack_pending for c in consumers]),
        # The server never stops counting messages it gave up, which are no longer in flight.
        family(nats.REDELIVERED_MESSAGES, [min(c.redelivered, c.ack_pending) for c in consumers]),
        family(nats.WAITING_PULLS, [None if c.config.push else c.waiting for c in consumers]),
        family(nats.DELIVERED_SEQUENCE, [c.delivered_stream_seq for c in consumers]),
        family(nats.ACK_FLOOR_SEQUENCE, [c.ack_floor_stream_seq for c in consumers]),
        family(nats.LAST_DELIVERY, [c.last_delivery for c in consumers]),
        family(nats.REPLICAS_BEHIND, [c.replicas_behind for c in consumers]),
        family(nats.MAX_ACK_PENDING, [_limit(c.config.max_ack_pending) for c in consumers]),
        family(nats.MAX_DELIVER, [_limit(c.config.max_deliver) for c in consumers]),
        family(nats.ACK_WAIT, [c.config.ack_wait for c in consumers]),
    ]


def reason_flags(verdicts: Sequence[ConsumerVerdict]) -> list[Value]:
    """0 or 1 for each consumer and reason, consumer by consumer."""
    return list(chain.from_iterable([_flags_of(verdict.reasons) for verdict in verdicts]))


@cache
def _flags_of(reasons: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(int(reason in reasons) for reason in REASONS)


def stream_families(
    source: str, streams: Sequence[Stream], cache: RowCache, *, rolled_up: bool
) -> list[Family]:
    """All stream families; those of ephemeral consumers only where they are `rolled_up`."""
    row = cache.rows("streams", [(source, s.account, s.name) for s in streams])

    def family(metric: Metric, values: Sequence[Value]) -> Family:
        return Family(metric, row, values)

    families = [
        family(nats.STREAM_MESSAGES, [s.messages for s in streams]),
        family(nats.STREAM_BYTES, [s.bytes for s in streams]),
        family(nats.STREAM_FIRST_SEQUENCE, [s.first_seq for s in streams]),
        family(nats.STREAM_LAST_SEQUENCE, [s.last_seq for s in streams]),
        family(nats.STREAM_FIRST_MESSAGE, [s.first_time for s in streams]),
        family(nats.STREAM_LAST_MESSAGE, [s.last_time for s in streams]),
        family(nats.STREAM_CONSUMERS, [s.consumers for s in streams]),
        family(nats.STREAM_MAX_MESSAGES, [s.config.max_messages for s in streams]),
        family(nats.STREAM_MAX_BYTES, [s.config.max_bytes for s in streams]),
        family(nats.STREAM_MAX_AGE, [s.config.max_age for s in streams]),
        family(nats.STREAM_DISCARD_NEW, [_flag(s.config.discard_new) for s in streams]),
        family(nats.STREAM_REPLICAS, [s.config.replicas for s in streams]),
        # Of replicas only the leader knows.
        family(
            nats.STREAM_REPLICAS_BEHIND,
            [None if s.leader_unreachable else s.replicas_behind for s in streams],
        ),
        family(
            nats.STREAM_REPLICA_LAG,
            [None if s.leader_unreachable else s.replica_lag for s in streams],
        ),
        family(
            nats.STREAM_LEADERLESS,
            [int(not s.leader and not s.leader_unreachable) for s in streams],
        ),
    ]
    if rolled_up:
        families += [
            family(nats.STREAM_EPHEMERAL_CONSUMERS, [s.ephemeral_consumers for s in streams]),
            family(nats.STREAM_EPHEMERAL_LAG, [s.ephemeral_lag for s in streams]),
        ]
    return families


def origin_families(source: str, streams: Sequence[Stream], cache: RowCache) -> list[Family]:
    """What mirrors and streams with sources copy; of each stream MAX_ORIGINS at most, the worst."""
    copied = [(stream, origin) for stream in streams for origin in _origins(stream)]
    row = cache.rows("origins", [(source, s.account, s.name, origin.name) for s, origin in copied])
    return [
        Family(nats.ORIGIN_LAG, row, [origin.lag for _, origin in copied]),
        Family(nats.ORIGIN_INACTIVE, row, [_rounded(origin.inactive) for _, origin in copied]),
    ]


def _origins(stream: Stream) -> Sequence[Origin]:
    """One for each name: a stream may take several subjects from the same origin."""
    origins = (stream.mirror,) if stream.mirror else stream.sources
    if len(origins) < 2:
        return origins
    worst = sorted(origins, key=lambda origin: (-origin.inactive, -origin.lag))
    by_name: dict[str, Origin] = {}
    for origin in worst:
        by_name.setdefault(origin.name, origin)
    return list(by_name.values())[:MAX_ORIGINS]


def server_families(source: str, servers: Sequence[NatsServer], cache: RowCache) -> list[Family]:
    """All server families; a server that did not answer only has `up` 0. Accounts have none."""
    servers = [server for server in servers if not server.is_account]
    row = cache.rows("servers", [(source, s.address) for s in servers])
    known = [s for s in servers if s.name]
    infos = cache.rows("info", [(source, s.address, s.name, s.version) for s in known])

    def family(metric: Metric, values: Sequence[Value]) -> Family:
        return Family(metric, row, values)

    return [
        family(nats.SERVER_UP, [int(s.up) for s in servers]),
        family(nats.SERVER_HEALTHY, [_flag(s.healthy) for s in servers]),
        Family(nats.SERVER_INFO, infos, [1] * len(known)),
        family(nats.SERVER_CONNECTIONS, [s.connections for s in servers]),
        family(nats.SERVER_SLOW_CLIENTS, [s.slow_consumers for s in servers]),
        family(nats.SERVER_MEMORY, [s.memory for s in servers]),
        family(nats.SERVER_MEMORY_LIMIT, [s.memory_limit for s in servers]),
        family(nats.SERVER_STORE, [s.store for s in servers]),
        family(nats.SERVER_STORE_LIMIT, [s.store_limit for s in servers]),
        family(nats.SERVER_API_ERRORS, [s.api_errors for s in servers]),
        *(
            family(metric, [s.facts.get(metric.name) for s in servers])
            for metric in nats_server.FACTS
        ),
        _slow_connections(source, servers, cache),
    ]


def _slow_connections(source: str, servers: Sequence[NatsServer], cache: RowCache) -> Family:
    told = [
        (s.address, kind, number) for s in servers for kind, number in s.slow_connections.items()
    ]
    rows = cache.rows("slow", [(source, address, kind) for address, kind, _ in told])
    return Family(nats_server.SLOW_CONNECTIONS, rows, [number for *_, number in told])


def missing_family(source: str, missing: Mapping[tuple[str, str], int], cache: RowCache) -> Family:
    """How many streams and consumers are missing, by kind and reason."""
    rows = cache.rows("missing", [(source, *kind_and_reason) for kind_and_reason in missing])
    return Family(nats.MISSING_ASSETS, rows, list(missing.values()))


def credentials_family(
    source: str, expiries: Mapping[str, float], now: float, cache: RowCache
) -> Family:
    """Seconds until the credentials of each connection expire, at `now` (both Unix seconds)."""
    rows = cache.rows("credentials", [(source, connection) for connection in expiries])
    values = [_rounded(expires - now) for expires in expiries.values()]
    return Family(nats.CREDENTIALS_REMAINING, rows, values)


def dropped_family(source: str, dropped: int, cache: RowCache, since: float) -> Family:
    """Dead letters that were not counted since `since` (Unix seconds)."""
    return Family(nats.DEAD_LETTERS_DROPPED, cache.rows("dropped", [(source,)]), [dropped], since)


def _rounded(seconds: float) -> float:
    return seconds if seconds == _INFINITY else round(seconds, 1)


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _limit(number: int) -> int | None:
    return number if number > 0 else None
