"""EventBridge rules and SQS queues as families."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from obs.catalogue import aws, aws_buses
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, whole
from obs.snapshot.aws import Latency, Queue, Rule, RuleTarget

_ARN_COLONS: Final = 5  # before the name of a resource


def rule_families(
    source: str,
    rules: Sequence[Rule],
    total: Callable[[Rule, Metric], float],
    since: float,
    cache: RowCache,
    *,
    not_asked: Collection[str] = (),
) -> list[Family]:
    """The counters of every known rule, without those of CloudWatch metrics that were not asked.

    `total` returns a counter's value, which was 0 at `since` (Unix seconds).
    """
    rows = cache.rows("rules", [(source, rule.bus, rule.name) for rule in rules])
    return [
        Family(metric, rows, [whole(total(rule, metric)) for rule in rules], since)
        for metric in aws.RULE_METRICS
        if metric.twin.metric not in not_asked
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


def bus_target_families(
    source: str, targets: Sequence[RuleTarget], cache: RowCache
) -> list[Family]:
    """The buses to which rules send their events; nothing where none does."""
    found = sorted(
        {
            (source, one.rule.bus, one.rule.name, bus.partition("/")[2], account, region)
            for one in targets
            for region, account, bus in [one.arn.split(":", _ARN_COLONS)[3:6]]
            if bus.startswith("event-bus/")
        }
    )
    rows = cache.rows("bus targets", found)
    return [Family(aws_buses.BUS_TARGET, rows, [1] * len(found))] if found else []
