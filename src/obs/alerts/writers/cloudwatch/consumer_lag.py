"""CloudWatch alarms on what the collector publishes there about NATS consumers."""

import math
from collections.abc import Iterator
from typing import Final

from obs.alerts.conditions.cloudwatch import GaugeAbove
from obs.alerts.explicit_resources import ExplicitConsumer, explicit_consumers
from obs.alerts.writers.cloudwatch.alarm import (
    MAX_METRICS,
    AlarmSeries,
    Formula,
    Group,
    MetricAlarm,
)
from obs.alerts.writers.cloudwatch.naming import Namer, Refused, filled_sum, periods_of
from obs.catalogue import BY_NAME
from obs.catalogue.metric import Metric
from obs.spec.outputs import CloudWatch

_LONGEST: Final = (
    255  # characters of a dimension's value that CloudWatch and the collector agree on
)
_NOT_PUBLISHED: Final = "outputs.cloudwatch does not publish its metric"
_NO_CONSUMER: Final = "the spec names consumers only by globs; name one in an SLO or an override"


def on_consumers(namer: Namer, form: GaugeAbove) -> Iterator[Group | Refused]:
    """An alarm for each consumer.

    While the collector publishes nothing the state stays as it was: missing data says nothing
    about the consumer, and `on_collector` has a separate alarm.
    """
    output = namer.system.outputs.cloudwatch
    if output is None or form.metric.name not in output.metrics:
        yield namer.refused(_NOT_PUBLISHED)
        return
    if output.source != namer.aws:
        return
    if any(label == "account" for label, _ in namer.tuned.only):
        yield namer.refused("its metrics in CloudWatch have no NATS account")
        return
    consumers = [each for each in explicit_consumers(namer.system) if namer.chooses(each.labels)]
    if not consumers:
        yield namer.refused(_NO_CONSUMER)
    for consumer in consumers:
        if _is_renamed(consumer):
            yield namer.refused(f"CloudWatch does not accept the name of {consumer.consumer}")
        else:
            yield (_lag_alarm(namer, consumer, form, output),)


def on_collector(namer: Namer) -> Iterator[Group | Refused]:
    """A heartbeat: nothing that the collector should publish has arrived."""
    output = namer.system.outputs.cloudwatch
    if output is None:
        yield namer.refused("outputs.cloudwatch publishes no metrics")
        return
    if output.source != namer.aws:
        return
    metric = BY_NAME[output.metrics[0]]
    consumers = [each for each in explicit_consumers(namer.system) if not _is_renamed(each)]
    if not consumers:
        yield namer.refused(_NO_CONSUMER)
        return
    inputs = tuple(
        (f"m{place}", _series(metric, consumer, output.namespace, "SampleCount"))
        for place, consumer in enumerate(consumers[:MAX_METRICS], 1)
    )
    period = _period(output)
    yield (
        MetricAlarm(
            namer.name(),
            namer.description("Nothing has been published to CloudWatch."),
            Formula(
                inputs,
                (("points", filled_sum([key for key, _ in inputs])),),
                "Data points that the collector published",
            ),
            "LessThanThreshold",
            1,
            period,
            periods_of(namer.tuned.hold, period),
            "breaching",
            namer.tags,
            namer.topics,
        ),
    )


def _lag_alarm(
    namer: Namer, consumer: ExplicitConsumer, form: GaugeAbove, output: CloudWatch
) -> MetricAlarm:
    period = _period(output)
    return MetricAlarm(
        namer.name(consumer.stream, consumer.consumer),
        namer.description(
            f"Consumer {consumer.consumer} on stream {consumer.stream}.", consumer.labels
        ),
        _series(form.metric, consumer, output.namespace, "Maximum"),
        "GreaterThanThreshold",
        form.threshold,
        period,
        periods_of(namer.tuned.hold, period),
        "ignore",
        namer.tags,
        namer.topics,
    )


def _series(
    metric: Metric, consumer: ExplicitConsumer, namespace: str, statistic: str
) -> AlarmSeries:
    twin = metric.cloudwatch
    assert twin is not None
    values = dict(consumer.labels)
    dimensions = tuple((name, values[label]) for name, label in twin.dimensions)
    return AlarmSeries(namespace, twin.metric, statistic, dimensions, twin.unit)


def _period(output: CloudWatch) -> int:
    """Whole minutes in which at least one data point is published."""
    return 60 * math.ceil(output.every / 60)


def _is_renamed(consumer: ExplicitConsumer) -> bool:
    """Whether the collector publishes it under another name, because CloudWatch takes less."""
    return any(
        not (name.isascii() and name.isprintable()) or name.startswith(":") or len(name) > _LONGEST
        for name in (consumer.stream, consumer.consumer)
    )
