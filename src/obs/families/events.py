"""Counted events of NATS accounts as families."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from obs.catalogue import nats_events
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache
from obs.families.histogram import Histogram
from obs.snapshot.assets import Consumer

LabelValues = tuple[str, ...]
"""Without the source, which is the first label of each of these metrics."""


@dataclass(frozen=True, slots=True)
class EventNumbers:
    """What is known of a source's events now: totals by metric and label values."""

    processing: Mapping[LabelValues, Histogram] = field(default_factory=dict)
    totals: Mapping[Metric, Mapping[LabelValues, int | float]] = field(default_factory=dict)


def event_families(
    source: str, numbers: EventNumbers, since: float, cache: RowCache
) -> Iterator[Family]:
    """The families of events; counters began at `since` (Unix seconds)."""
    processing = list(numbers.processing.values())
    rows = cache.rows("processing", [(source, *each) for each in numbers.processing])
    counts = [each.count for each in processing]
    yield Family(nats_events.PROCESSING, rows, counts, since, processing)
    for metric, totals in numbers.totals.items():
        rows = cache.rows(metric.name, [(source, *each) for each in totals])
        yield Family(metric, rows, list(totals.values()), since)


def state_families(source: str, consumers: Sequence[Consumer], cache: RowCache) -> Iterator[Family]:
    """What consumers are set to and wait for: pinned clients, pauses, and rare settings."""
    groups = [
        (each, group)
        for each in consumers
        if each.groups and each.config.pins_clients
        for group in each.groups
    ]
    rows = cache.rows("groups", [(source, *_of(each), group.name) for each, group in groups])
    yield Family(nats_events.PINNED, rows, [int(group.pinned) for _, group in groups])
    since = [group.since if group.pinned else None for _, group in groups]
    yield Family(nats_events.PINNED_SINCE, rows, since)
    paused = [each for each in consumers if each.paused and each.config.pause_until]
    rows = cache.rows("paused", [(source, *_of(each)) for each in paused])
    yield Family(nats_events.PAUSED_UNTIL, rows, [each.config.pause_until for each in paused])
    inactive = [each for each in consumers if each.config.inactive_threshold]
    rows = cache.rows("inactive", [(source, *_of(each)) for each in inactive])
    thresholds = [each.config.inactive_threshold for each in inactive]
    yield Family(nats_events.INACTIVE_THRESHOLD, rows, thresholds)
    headers = [each for each in consumers if each.config.headers_only]
    rows = cache.rows("headers", [(source, *_of(each)) for each in headers])
    yield Family(nats_events.HEADERS_ONLY, rows, [1] * len(headers))


def _of(consumer: Consumer) -> LabelValues:
    return (consumer.account, consumer.stream, consumer.name)
