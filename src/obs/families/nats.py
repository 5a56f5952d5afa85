"""JetStream consumers, streams and servers as families."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from obs.catalogue import nats, nats_server
from obs.catalogue.exported import Exported
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Rows, Value
from obs.lag.reason import LEADER_UNREACHABLE, names
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Origin, Stream
from obs.snapshot.servers import NatsServer
from obs.spec.quantity import format_duration

MAX_ORIGINS: Final = 64
_UNREACHABLE: Final = names(LEADER_UNREACHABLE)
_INFINITY: Final = float("inf")

Row = tuple[str, ...]


class ConsumerRows:
    """The rows of a source's consumers, of their reasons and settings; the same objects while
    unchanged."""

    def __init__(self) -> None:
        self._cache = RowCache()
        self._configs: list[ConsumerConfig] = []
        self._of_configs: tuple[Rows, Rows] | None = None

    def of(self, identities: Sequence[Row]) -> Rows:
        """One row for each consumer."""
        return self._cache.rows("consumers", identities)

    def reasons(
        self, consumers: Rows, verdicts: Sequence[ConsumerVerdict], unknown: Sequence[Row]
    ) -> Rows:
        """A row for each reason that holds; of the `unknown` the leader is unreachable."""
        held = [
            (*row, reason)
            for row, verdict in zip(consumers.values, verdicts, strict=True)
            if verdict.reasons
            for reason in verdict.reasons
        ]
        held += [(*row, reason) for row in unknown for reason in _UNREACHABLE]
        return self._cache.rows("reasons", held)

    def settings(self, consumers: Rows, configs: list[ConsumerConfig]) -> Rows:
        """One row for each consumer with its settings."""
        kept = self._of_configs
        if kept is None or kept[0] is not consumers or self._configs != configs:
            rows = zip(consumers.values, configs, strict=True)
            made = self._cache.rows("settings", [(*row, *_settings(of)) for row, of in rows])
            kept = self._of_configs = (consumers, made)
            self._configs = configs
        return kept[1]


def consumer_families(
    rows: ConsumerRows,
    identities: Sequence[Row],
    consumers: Sequence[Consumer],
    verdicts: Sequence[ConsumerVerdict],
    dead_letters: Sequence[int | None],
    *,
    unknown: Sequence[Row],
    exported: Exported,
    tolerance: float,
    since: float,
) -> list[Family]:
    """All consumer families that are exported; the others are not computed.

    Uncertainty has a sample only where it exceeds `tolerance` seconds. Counters began at `since`
    (Unix seconds). Of the `unknown` only a reason is told: their leader is unreachable.
    """
    row = rows.of(identities)
    columns: Mapping[Metric, Callable[[], Sequence[Value]]] = {
        nats.LAG_MESSAGES: lambda: [v.lag_messages for v in verdicts],
        # As `round` does, in half the time.
        nats.LAG_SECONDS: lambda: [int(v.lag_seconds * 1000 + 0.5) / 1000 for v in verdicts],
        nats.LAG_UNCERTAINTY: lambda: [
            round(v.uncertainty, 3) if v.uncertainty > tolerance else None for v in verdicts
        ],
        nats.STATUS: lambda: [int(v.status) for v in verdicts],
        nats.DRAIN_SECONDS: lambda: [
            d if (d := v.drain_seconds) == _INFINITY else round(d, 1) for v in verdicts
        ],
        nats.EVICTION_SECONDS: lambda: [
            None if v.eviction_seconds is None else int(v.eviction_seconds * 10 + 0.5) / 10
            for v in verdicts
        ],
        nats.DELIVERED: lambda: [v.delivered_total for v in verdicts],
        nats.RESETS: lambda: [v.resets for v in verdicts],
        nats.DEAD_LETTERS: lambda: dead_letters,
        nats.EVICTED_MESSAGES: lambda: [v.evicted_total for v in verdicts],
        nats.PENDING_MESSAGES: lambda: [c.pending for c in consumers],
        nats.ACK_PENDING_MESSAGES: lambda: [c.ack_pending for c in consumers],
        # The server never stops counting messages it gave up, which are no longer in flight.
        nats.REDELIVERED_MESSAGES: lambda: [min(c.redelivered, c.ack_pending) for c in consumers],
        nats.WAITING_PULLS: lambda: [None if c.config.push else c.waiting for c in consumers],
        nats.DELIVERED_SEQUENCE: lambda: [c.delivered_stream_seq for c in consumers],
        nats.ACK_FLOOR_SEQUENCE: lambda: [c.ack_floor_stream_seq for c in consumers],
        nats.LAST_DELIVERY: lambda: [c.last_delivery for c in consumers],
        nats.REPLICAS_BEHIND: lambda: [c.replicas_behind for c in consumers],
        nats.MAX_ACK_PENDING: lambda: [_limit(c.config.max_ack_pending) for c in consumers],
        nats.MAX_DELIVER: lambda: [_limit(c.config.max_deliver) for c in consumers],
        nats.ACK_WAIT: lambda: [c.config.ack_wait for c in consumers],
    }
    families = [
        Family(metric, row, column(), since)
        for metric, column in columns.items()
        if metric in exported
    ]
    if nats.STATUS_REASON in exported:
        held = rows.reasons(row, verdicts, unknown)
        families.append(Family(nats.STATUS_REASON, held, [1] * len(held), since))
    if nats.CONSUMER_INFO in exported:
        settings = rows.settings(row, [c.config for c in consumers])
        families.append(Family(nats.CONSUMER_INFO, settings, [1] * len(settings), since))
    return families


def _settings(config: ConsumerConfig) -> Row:
    """The values of CONSUMER_SETTINGS; an empty one is a label that is absent."""
    acknowledged = config.ack_policy != "none"
    return (
        "push" if config.push else "pull",
        config.ack_policy,
        config.deliver_policy,
        str(config.max_deliver) if config.max_deliver > 0 else "unlimited",
        str(config.max_ack_pending) if config.max_ack_pending > 0 else "unlimited",
        format_duration(config.ack_wait) if acknowledged else "",
        "inherited" if config.replicas is None else str(config.replicas),
    )


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
    copied = [(stream, *each) for stream in streams for each in _origins(stream)]
    row = cache.rows("origins", [(source, s.account, s.name, label) for s, label, _ in copied])
    return [
        Family(nats.ORIGIN_LAG, row, [origin.lag for *_, origin in copied]),
        Family(nats.ORIGIN_INACTIVE, row, [_rounded(origin.inactive) for *_, origin in copied]),
    ]


def _origins(stream: Stream) -> Sequence[tuple[str, Origin]]:
    """Each with its label: its name, with the subjects where others have the same name."""
    origins = (stream.mirror,) if stream.mirror else stream.sources
    if len(origins) < 2:
        return [(origin.name, origin) for origin in origins]
    worst = sorted(origins, key=lambda origin: (-origin.inactive, -origin.lag))
    names = Counter(origin.name for origin in origins)
    by_label: dict[str, Origin] = {}
    for origin in worst:
        label = origin.name
        if names[label] > 1 and origin.filters:
            label = f"{label} {', '.join(origin.filters)}"
        by_label.setdefault(label, origin)
    return list(by_label.items())[:MAX_ORIGINS]


def server_families(
    source: str, servers: Sequence[NatsServer], cache: RowCache, *, numbers: bool = True
) -> list[Family]:
    """All server families; a server that did not answer only has `up` 0. Accounts have none.

    Without `numbers` only whether servers answer and are healthy, and their versions.
    """
    servers = [server for server in servers if not server.is_account]
    row = cache.rows("servers", [(source, s.address) for s in servers])
    known = [s for s in servers if s.name]
    infos = cache.rows("info", [(source, s.address, s.name, s.version) for s in known])

    def family(metric: Metric, values: Sequence[Value]) -> Family:
        return Family(metric, row, values)

    always = [
        family(nats.SERVER_UP, [int(s.up) for s in servers]),
        family(nats.SERVER_HEALTHY, [_flag(s.healthy) for s in servers]),
        Family(nats.SERVER_INFO, infos, [1] * len(known)),
    ]
    if not numbers:
        return always
    return [
        *always,
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
        _by_kind(nats_server.SLOW_CONNECTIONS, source, servers, cache),
        _by_kind(nats_server.STALE_BY_KIND, source, servers, cache),
    ]


def _by_kind(metric: Metric, source: str, servers: Sequence[NatsServer], cache: RowCache) -> Family:
    is_slow = metric is nats_server.SLOW_CONNECTIONS
    told = [
        (s.address, kind, number)
        for s in servers
        for kind, number in (s.slow_connections if is_slow else s.stale_connections).items()
    ]
    rows = cache.rows(metric.name, [(source, address, kind) for address, kind, _ in told])
    return Family(metric, rows, [number for *_, number in told])


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
