"""CloudWatch alarms on what the collector publishes there."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from obs.alerts.conditions.cloudwatch import GaugeCompared, WindowSum
from obs.alerts.conditions.scope import Labels
from obs.alerts.explicit_resources import explicit_objects
from obs.alerts.writers.cloudwatch.alarm import (
    MAX_METRICS,
    AlarmSeries,
    Comparison,
    Formula,
    Group,
    MetricAlarm,
)
from obs.alerts.writers.cloudwatch.naming import Namer, Refused, filled_sum, periods_of
from obs.catalogue.metric import Metric
from obs.catalogue.published import published
from obs.catalogue.query import number
from obs.spec.outputs import CloudWatch
from obs.spec.quantity import format_duration

_LONGEST: Final = (
    255  # characters of a dimension's value that CloudWatch and the collector agree on
)
_NOT_PUBLISHED: Final = "outputs.cloudwatch does not publish its metric"
_NO_CONSUMER: Final = "the spec names consumers only by globs; name one in an SLO or an override"
_PLACES: Final = frozenset(("system", "environment"))
_COMPARISON: Final[dict[str, Comparison]] = {
    ">": "GreaterThanThreshold",
    "<": "LessThanThreshold",
    "=": "GreaterThanThreshold",  # 1 while it is so, above 0
}


def on_gauges(namer: Namer, form: GaugeCompared) -> Iterator[Group | Refused]:
    """An alarm for each object on its gauge.

    While the collector publishes nothing the state stays as it was: missing data says nothing
    about the object, and `on_collector` has a separate alarm. Where having no value is good, none
    ends the alarm.
    """
    output = namer.system.outputs.cloudwatch
    for each in _objects(namer, form.read, form.where):
        if isinstance(each, Refused):
            yield each
        else:
            assert output is not None
            yield (_gauge_alarm(namer, each, form, output),)


def on_sums(namer: Namer, form: WindowSum) -> Iterator[Group | Refused]:
    """An alarm for each object on what its counter grew by in the window."""
    output = namer.system.outputs.cloudwatch
    read = (form.counter, form.of) if form.of is not None else (form.counter,)
    if output is not None and output.every > form.window:
        window, every = format_duration(form.window), format_duration(output.every)
        yield namer.refused(
            f"its window of {window} is shorter than outputs.cloudwatch.every: {every}"
        )
        return
    for each in _objects(namer, read, form.where):
        if isinstance(each, Refused):
            yield each
        else:
            assert output is not None
            yield (_sum_alarm(namer, each, form, output),)


def on_collector(namer: Namer) -> Iterator[Group | Refused]:
    """A heartbeat: nothing that the collector should publish has arrived."""
    output = namer.system.outputs.cloudwatch
    if output is None:
        yield namer.refused("outputs.cloudwatch publishes no metrics")
        return
    if output.source != namer.aws:
        return
    inputs = tuple(
        (f"m{place}", each)
        for place, each in enumerate(_always_published(namer, output)[:MAX_METRICS], 1)
    )
    if not inputs:
        yield namer.refused(_NO_CONSUMER)
        return
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


def _always_published(namer: Namer, output: CloudWatch) -> Sequence[AlarmSeries]:
    """Series of the first metric that is there whenever the collector runs."""
    for metric in output.published:
        labels = _labels(metric)
        objects = [
            each for each in explicit_objects(namer.system, labels) if not _is_renamed(each, labels)
        ]
        if objects and not metric.absent:
            return [_series(namer, metric, each, "SampleCount") for each in objects]
    return ()


def _objects(namer: Namer, read: Sequence[Metric], where: Labels) -> Iterator[Labels | Refused]:
    """The objects that the alert is about, with the values of all labels that its metrics need."""
    output = namer.system.outputs.cloudwatch
    if output is None or any(metric not in output.published for metric in read):
        yield namer.refused(_NOT_PUBLISHED)
        return
    if output.source != namer.aws:
        return
    labels = tuple(dict.fromkeys(label for metric in read for label in _labels(metric)))
    if "account" not in labels and any(label == "account" for label, _ in namer.tuned.only):
        yield namer.refused("its metrics in CloudWatch have no NATS account")
        return
    found = [each for each in explicit_objects(namer.system, labels, where) if namer.chooses(each)]
    if not found:
        yield namer.refused(_unnamed(labels, where))
    for each in found:
        if _is_renamed(each, labels):
            names = ", ".join(value for label, value in each if label in labels)
            yield namer.refused(f"CloudWatch does not accept the name of {names}")
        else:
            yield (*each, *where)


def _unnamed(labels: Sequence[str], where: Labels) -> str:
    if "consumer" in labels:
        return _NO_CONSUMER
    needed = ", ".join(label for label in labels if label not in dict(where))
    return f"an alarm needs a value of each of {needed}; name one object in an override"


def _gauge_alarm(
    namer: Namer, labels: Labels, form: GaugeCompared, output: CloudWatch
) -> MetricAlarm:
    period = _period(output)
    return MetricAlarm(
        namer.name(*_named(form.metric, labels)),
        namer.description(_about(namer, labels), labels),
        _gauge(namer, labels, form),
        _COMPARISON[form.operator],
        0 if form.operator == "=" else form.threshold,
        period,
        periods_of(namer.tuned.hold, period),
        "notBreaching" if any(metric.absent for metric in form.read) else "ignore",
        namer.tags,
        namer.topics,
    )


def _gauge(namer: Namer, labels: Labels, form: GaugeCompared) -> AlarmSeries | Formula:
    """What the alarm compares: of a period the worst value."""
    if form.operator != "=" and form.of is None:
        statistic = "Minimum" if form.operator == "<" else "Maximum"
        return _series(namer, form.metric, labels, statistic)
    keys = ("value", "limit", "given")
    inputs = [
        (key, _series(namer, metric, labels, "Maximum"))
        for key, metric in zip(keys, form.read, strict=False)
    ]
    if form.operator == "=":
        # A period with several points may have several states; it counts while all are this one.
        lowest = ("lowest", _series(namer, form.metric, labels, "Minimum"))
        state = number(form.threshold)
        step = f"IF(value == {state}, IF(lowest == {state}, 1, 0), 0)"
        return Formula((inputs[0], lowest), (("is_so", step),), f"1 while it is {state}")
    steps = [("percent", "100 * value / limit")]
    if form.given is not None:
        steps.append(("judged", "IF(given == 1, percent, 0)"))
    return Formula(tuple(inputs), tuple(steps), "Percent of the limit")


def _sum_alarm(namer: Namer, labels: Labels, form: WindowSum, output: CloudWatch) -> MetricAlarm:
    period = max(round(form.window), _period(output))
    return MetricAlarm(
        namer.name(*_named(form.counter, labels)),
        namer.description(_about(namer, labels), labels),
        _sum(namer, labels, form),
        _COMPARISON[form.operator],
        form.threshold,
        period,
        # An increase over a whole window is one data point; `for` needs further ones.
        1 + math.ceil(namer.tuned.hold / period),
        "notBreaching",
        namer.tags,
        namer.topics,
    )


def _sum(namer: Namer, labels: Labels, form: WindowSum) -> AlarmSeries | Formula:
    counted = _series(namer, form.counter, labels, "Sum")
    if form.of is None:
        return counted
    every = _series(namer, form.of, labels, "Sum")
    steps = (
        ("bad", "FILL(m1, 0)"),
        ("total", "FILL(m2, 0)"),
        # The least number of events is at least 1, so nothing is divided by zero.
        ("rate", f"IF(total >= {number(form.minimum)}, 100 * bad / total, 0)"),
    )
    return Formula((("m1", counted), ("m2", every)), steps, "Percent of all")


def _series(namer: Namer, metric: Metric, labels: Labels, statistic: str) -> AlarmSeries:
    output = namer.system.outputs.cloudwatch
    assert output is not None
    twin = published(metric)
    values = {**dict(namer.system.labels), **dict(labels)}
    dimensions = tuple((name, values[label]) for name, label in twin.dimensions)
    return AlarmSeries(output.namespace, twin.metric, statistic, dimensions, twin.unit)


def _labels(metric: Metric) -> tuple[str, ...]:
    """The labels that tell its series in CloudWatch apart."""
    return tuple(label for _, label in published(metric).dimensions if label not in _PLACES)


def _named(metric: Metric, labels: Labels) -> tuple[str, ...]:
    """The parts of the alarm's name that say which object it is about."""
    values = dict(labels)
    return tuple(values[label] for label in _labels(metric))


def _about(namer: Namer, labels: Labels) -> str:
    """The object in words."""
    values, what = dict(labels), str(namer.tuned.alert.about)
    if what not in values:
        return ""
    on = f" on stream {values['stream']}" if what == "consumer" else ""
    return f"{what.capitalize()} {values[what]}{on}."


def _period(output: CloudWatch) -> int:
    """Whole minutes in which at least one data point is published."""
    return 60 * math.ceil(output.every / 60)


def _is_renamed(labels: Labels, used: Sequence[str]) -> bool:
    """Whether the collector publishes it under another name, because CloudWatch takes less."""
    return any(
        not (value.isascii() and value.isprintable())
        or value.startswith(":")
        or len(value) > _LONGEST
        for label, value in labels
        if label in used
    )
