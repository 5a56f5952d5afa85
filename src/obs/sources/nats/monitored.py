"""Streams and consumers against the thresholds in their metadata, as `nats server check` compares.

What cannot be told is left out. A consumer that has never delivered or acknowledged anything has
done so an infinite time ago; a stream that copies nothing is infinitely far behind.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Final, Literal, NamedTuple, Protocol

from obs.families.family import Family, RowCache
from obs.families.nats_monitor import monitor_families
from obs.snapshot.assets import Consumer, Origin, Stream
from obs.spec.nats import NatsSource

Level = Literal["warning", "critical"]
_WARN: Final = "-warn"


class Compared(NamedTuple):
    """One threshold, what it is compared with, and whether the asset is beyond it."""

    check: str
    level: Level
    limit: float
    value: float
    beyond: bool


class Told(Protocol):
    """What holds a consumer's last report."""

    @property
    def consumer(self) -> Consumer:
        """The report."""


def monitored(
    source: str,
    spec: NatsSource,
    assets: tuple[Iterable[Told], Sequence[Stream]],
    at: float,
    cache: RowCache,
) -> list[Family]:
    """The families of all thresholds at `at` (Unix seconds); none where the spec ignores them."""
    told, streams = assets
    if not spec.monitor_metadata:
        return []
    with_some = [each.consumer for each in told if each.consumer.config.thresholds.limits]
    ahead = {(s.account, s.name): s.clock_ahead for s in streams} if with_some else {}
    of_consumers = [
        ((source, one.account, one.stream, one.name, each.check), each)
        for one in with_some
        for each in compared_consumer(
            one, (one.at or at) + ahead.get((one.account, one.stream), 0.0)
        )
    ]
    of_streams = [
        ((source, one.account, one.name, each.check, each.level), each)
        for one in streams
        if one.config.thresholds.limits
        for each in compared_stream(one)
    ]
    return monitor_families(of_consumers, of_streams, cache)


def compared_consumer(consumer: Consumer, now: float) -> Iterator[Compared]:
    """The thresholds of a consumer at `now` (Unix seconds of its server's clock)."""
    for check, limit in consumer.config.thresholds.limits.items():
        value = _OF_CONSUMER[check](consumer, now)
        yield Compared(check, "critical", limit, value, value >= limit)


def compared_stream(stream: Stream) -> Iterator[Compared]:
    """The thresholds of a stream."""
    limits = stream.config.thresholds.limits
    for check, limit in limits.items():
        value = _OF_STREAM[check](stream)
        if value is None:
            continue
        level: Level = "warning" if check.endswith(_WARN) else "critical"
        yield Compared(check, level, limit, value, _beyond(check, value, limit, _few(limits)))


def _age(moment: float | None, now: float) -> float:
    return inf if moment is None else max(0.0, now - moment)


def _origins(stream: Stream) -> tuple[Origin, ...]:
    return (stream.mirror,) if stream.mirror else stream.sources


def _of_leader(stream: Stream, value: float | None) -> float | None:
    """What only the leader knows: nothing while it cannot be reached."""
    return None if stream.leader_unreachable else value


_OF_CONSUMER: Final[Mapping[str, Callable[[Consumer, float], float]]] = {
    "outstanding-ack-critical": lambda consumer, now: consumer.ack_pending,
    "waiting-critical": lambda consumer, now: consumer.waiting,
    "unprocessed-critical": lambda consumer, now: consumer.pending,
    # As the server counts, which is what `nats` compares.
    "redelivery-critical": lambda consumer, now: consumer.redelivered,
    "last-delivery-critical": lambda consumer, now: _age(consumer.last_delivery, now),
    "last-ack-critical": lambda consumer, now: _age(consumer.last_ack, now),
    # A consumer that pins no clients is beyond, too.
    "pinned": lambda consumer, now: (
        sum(not group.pinned for group in consumer.groups)
        if consumer.config.pins_clients and consumer.groups
        else 1
    ),
}
_OF_STREAM: Final[Mapping[str, Callable[[Stream], float | None]]] = {
    "lag-critical": lambda stream: max((each.lag for each in _origins(stream)), default=inf),
    "seen-critical": lambda stream: max((each.inactive for each in _origins(stream)), default=inf),
    "min-sources": lambda stream: len(stream.sources),
    "max-sources": lambda stream: len(stream.sources),
    "peer-expect": lambda stream: _of_leader(stream, len(stream.holders)),
    "peer-lag-critical": lambda stream: _of_leader(stream, stream.replica_lag),
    "peer-seen-critical": lambda stream: _of_leader(stream, stream.replica_silent),
    "msgs-warn": lambda stream: stream.messages,
    "msgs-critical": lambda stream: stream.messages,
    "subjects-warn": lambda stream: stream.subjects,
    "subjects-critical": lambda stream: stream.subjects,
}


def _few(limits: Mapping[str, float]) -> bool:
    """Whether few subjects are bad: the critical number is not above the one to warn at."""
    return limits.get("subjects-warn", 0) >= limits.get("subjects-critical", 0)


def _beyond(check: str, value: float, limit: float, few_subjects: bool) -> bool:
    match check:
        case "min-sources":
            return value < limit
        case "max-sources" | "peer-lag-critical" | "peer-seen-critical":
            return value > limit
        case "peer-expect":
            return value != limit
        case "msgs-warn" | "msgs-critical":
            return value <= limit
        case "subjects-warn" | "subjects-critical" if few_subjects:
            return value <= limit
        case _:
            return value >= limit
