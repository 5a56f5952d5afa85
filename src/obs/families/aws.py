"""EventBridge rules and SQS queues as families."""

from collections.abc import Callable, Mapping, Sequence

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache
from obs.snapshot import Latency, Queue, Rule


def rule_families(
    source: str,
    rules: Sequence[Rule],
    total: Callable[[Rule, Metric], float],
    since: float,
    cache: RowCache,
) -> list[Family]:
    """The counters of every known rule.

    `total` returns a counter's value, which was 0 at `since` (Unix seconds).
    """
    rows = cache.rows("rules", [(source, rule.bus, rule.name) for rule in rules])
    return [
        Family(metric, rows, [_whole(total(rule, metric)) for rule in rules], since)
        for metric in aws.RULE_METRICS
    ]


def latency_families(
    source: str, latencies: Mapping[Rule, Latency], cache: RowCache
) -> list[Family]:
    """Delivery latency in milliseconds of the rules for which it is known."""
    rows = cache.rows("latencies", [(source, rule.bus, rule.name) for rule in latencies])
    known = latencies.values()
    return [
        Family(aws.DELIVERY_LATENCY_AVERAGE, rows, [latency.average for latency in known]),
        Family(aws.DELIVERY_LATENCY_MAX, rows, [latency.maximum for latency in known]),
    ]


def queue_families(source: str, queues: Sequence[Queue], cache: RowCache) -> list[Family]:
    """Depth, and age in seconds of the oldest message, of the queues that could be read."""
    rows = cache.rows("queues", [(source, queue.name) for queue in queues])
    return [
        Family(aws.QUEUE_VISIBLE, rows, [queue.visible for queue in queues]),
        Family(aws.QUEUE_OLDEST_AGE, rows, [queue.oldest_age for queue in queues]),
    ]


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value
