"""Alarms on CloudWatch metrics that packs read by their own names and dimensions."""

import math
from collections.abc import Iterator, Mapping
from typing import Final

from obs.alerts.conditions.cloudwatch import GaugeCompared, WindowSum
from obs.alerts.conditions.scope import Labels
from obs.alerts.writers.cloudwatch.alarm import (
    AlarmSeries,
    Formula,
    Group,
    MetricAlarm,
    Missing,
)
from obs.alerts.writers.cloudwatch.naming import Namer, Refused, filled_sum, periods_of
from obs.catalogue.metric import Metric
from obs.catalogue.query import number
from obs.spec.globs import plain_name

Form = WindowSum | GaugeCompared

_PLAIN: Final = frozenset(("Sum", "Average", "Minimum", "Maximum", "SampleCount"))
"""Statistics that an alarm takes without metric math."""


def read(form: Form) -> Metric:
    """The metric that an alarm is about."""
    return form.counter if isinstance(form, WindowSum) else form.metric


def on_objects(namer: Namer, form: Form) -> Iterator[Group | Refused]:
    """An alarm for each object that the spec names in full; none where the source has none."""
    metric = read(form)
    source = namer.system.sources.aws[namer.aws]
    there = [one for one in source.metrics if one.exported_metric.name == metric.name]
    if not there:
        return
    named = {
        labels: one.period
        for one in there
        if (labels := _labels(namer.aws, metric, one.dimensions)) is not None
    }
    chosen = sorted(labels for labels in named if namer.chooses(labels))
    if not chosen:
        yield namer.refused(f"the spec names no {namer.tuned.alert.about} in full")
    for labels in chosen:
        yield (_alarm(namer, form, labels, round(named[labels])),)


def _labels(aws: str, metric: Metric, dimensions: Mapping[str, str]) -> Labels | None:
    """The labels of the one object; None where a dimension is a glob."""
    found = [(label, plain_name(dimensions[name])) for name, label in metric.twin.dimensions]
    named = [(label, name) for label, name in found if name is not None]
    return (("aws", aws), *named) if len(named) == len(found) else None


def _alarm(namer: Namer, form: Form, labels: Labels, every: int) -> MetricAlarm:
    if isinstance(form, WindowSum):
        period, threshold = round(form.window), form.threshold
        # What a whole window counts is one data point; `for` needs further ones.
        periods = 1 + math.ceil(namer.tuned.hold / period)
    else:
        period = every
        threshold = form.threshold * (1 if form.of else form.metric.twin.per_unit)
        periods = periods_of(namer.tuned.hold, period)
    own = labels[1:]  # without the source
    said = " ".join(f"{label.replace('_', ' ').capitalize()} {value}." for label, value in own)
    return MetricAlarm(
        namer.name(*(value for _, value in own)),
        namer.description(said, labels),
        _watched(form, dict(labels)),
        "LessThanThreshold" if form.operator == "<" else "GreaterThanThreshold",
        threshold,
        period,
        periods,
        _missing(form),
        namer.tags,
        namer.topics,
    )


def _missing(form: Form) -> Missing:
    """Nothing counted is 0, which too few are. A level that is missing is unknown."""
    if form.operator == ">" or form.of is not None:
        return "notBreaching"
    return "breaching" if isinstance(form, WindowSum) else "missing"


def _watched(form: Form, labels: Mapping[str, str]) -> AlarmSeries | Formula:
    series = _series(read(form), labels)
    if form.of is not None:
        return _percent(form, series, _series(form.of, labels))
    if isinstance(form, WindowSum) and form.is_lower:
        return Formula((("m1", series),), (("total", filled_sum(["m1"])),), series.metric)
    if series.statistic not in _PLAIN:
        return Formula((("m1", series),), (("value", "m1"),), series.metric)
    return series


def _percent(form: Form, part: AlarmSeries, whole: AlarmSeries) -> Formula:
    """A percentage, which is good where there is nothing, or too little, to take it of."""
    good = 0 if form.operator == ">" else 100
    inputs = (("part1", part), ("whole1", whole))
    label = f"{part.metric}, percent of {whole.metric}"
    if isinstance(form, GaugeCompared):
        share = f"IF(whole1 > 0, 100 * part1 / whole1, {good})"
        return Formula(inputs, (("share", share),), label)
    total = filled_sum(["part1", "whole1"] if form.beside else ["whole1"])
    steps = (
        ("part", filled_sum(["part1"])),
        ("total", total),
        ("share", f"IF(total >= {number(max(form.minimum, 1))}, 100 * part / total, {good})"),
    )
    return Formula(inputs, steps, f"{label} and itself" if form.beside else label)


def _series(metric: Metric, labels: Mapping[str, str]) -> AlarmSeries:
    twin = metric.twin
    dimensions = tuple((dimension, labels[label]) for dimension, label in twin.dimensions)
    return AlarmSeries(twin.namespace, twin.metric, twin.statistic, dimensions)
