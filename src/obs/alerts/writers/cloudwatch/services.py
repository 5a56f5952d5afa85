"""Alarms on the objects of AWS services: an alarm for each that the spec names in full."""

import math
from collections.abc import Iterator
from typing import Final

from obs.alerts.conditions.cloudwatch import GaugeCompared, WindowSum
from obs.alerts.conditions.scope import Labels
from obs.alerts.writers.cloudwatch.alarm import AlarmSeries, Formula, Group, MetricAlarm
from obs.alerts.writers.cloudwatch.naming import Namer, Refused, filled_sum, periods_of
from obs.catalogue.metric import Metric
from obs.catalogue.query import number
from obs.sources.aws.services.kind import ServiceKind
from obs.sources.aws.services.kinds import kind_of, watched
from obs.spec.globs import is_plain, matches, plain_names
from obs.spec.system import System

_GAUGE_PERIOD: Final = 300  # seconds; levels have no points in idle minutes


def on_objects(namer: Namer, form: WindowSum | GaugeCompared) -> Iterator[Group | Refused]:
    """The alarms of an alert on functions, topics, …"""
    metric = form.counter if isinstance(form, WindowSum) else form.metric
    kind = kind_of(metric)
    if kind is None or form.operator != ">":
        about = namer.tuned.alert.about
        yield namer.refused(f"obs builds no CloudWatch alarm of this kind on a {about}")
        return
    if kind.key not in namer.system.sources.aws[namer.aws].watches:
        yield namer.refused(f"source {namer.aws} has no {kind.asked_by}")
        return
    named = [_labels(namer, metric, name) for name in _names(namer, kind)]
    chosen = [labels for labels in named if namer.chooses(labels)]
    if not chosen:
        yield namer.refused(f"the spec names no {kind.key} in full")
    for labels in chosen:
        yield (_alarm(namer, form, labels),)


def without_names(system: System, aws: str) -> Iterator[Refused]:
    """What a source watches although the spec does not name it: no alarm can be written for it."""
    spec = system.sources.aws[aws]
    for kind in watched(spec):
        for glob in kind.globs(spec):
            if not is_plain(glob):
                why = f"{glob} on source {aws} is a glob: alarms need the names of {kind.key}s"
                yield Refused("", why)
    if spec.targets:
        why = f"targets on source {aws} are found at run time: alarms need names under functions "
        yield Refused("", f"{why}and topics")


def _labels(namer: Namer, metric: Metric, name: str) -> Labels:
    return tuple(zip(metric.labels, (namer.aws, name), strict=False))


def _names(namer: Namer, kind: ServiceKind) -> list[str]:
    """The objects that the source or an override names; one without a name where it has none."""
    if kind.listing is None:
        return [""]
    spec = namer.system.sources.aws[namer.aws]
    found = set(plain_names(kind.globs(spec)))
    for tuning in namer.system.alerts.values():
        for override in tuning.overrides:
            name = getattr(override, kind.key)
            if name and override.aws in (None, namer.aws):
                found |= {name} if spec.targets or matches(name, kind.globs(spec)) else set()
    return sorted(found)


def _alarm(namer: Namer, form: WindowSum | GaugeCompared, labels: Labels) -> MetricAlarm:
    """Silence is no breach: AWS has no data points where nothing happened."""
    if isinstance(form, WindowSum):
        period = round(form.window)
        threshold = form.threshold
        # An increase over a whole window is one data point; `for` needs further ones.
        periods = 1 + math.ceil(namer.tuned.hold / period)
    else:
        period = _GAUGE_PERIOD
        threshold = form.threshold * form.metric.twin.per_unit
        periods = periods_of(namer.tuned.hold, period)
    own = labels[1:]  # without the source
    said = " ".join(f"{label.capitalize()} {value}." for label, value in own)
    return MetricAlarm(
        namer.name(*(value for _, value in own)),
        namer.description(said, labels),
        _watched(form, dict(labels)),
        "GreaterThanThreshold",
        threshold,
        period,
        periods,
        "notBreaching",
        namer.tags,
        namer.topics,
    )


def _watched(form: WindowSum | GaugeCompared, labels: dict[str, str]) -> AlarmSeries | Formula:
    if isinstance(form, GaugeCompared):
        return _series(form.metric, labels)
    bad = _series(form.counter, labels)
    if form.of is None:
        return bad
    total = _series(form.of, labels)
    steps = (
        ("bad", filled_sum(["bad1"])),
        ("total", filled_sum(["all1"])),
        # The least number of events is at least 1, so nothing is divided by zero.
        ("rate", f"IF(total >= {number(form.minimum)}, 100 * bad / total, 0)"),
    )
    label = f"{bad.metric}, percent of {total.metric}"
    return Formula((("bad1", bad), ("all1", total)), steps, label)


def _series(metric: Metric, labels: dict[str, str]) -> AlarmSeries:
    twin = metric.twin
    dimensions = tuple((dimension, labels[label]) for dimension, label in twin.dimensions)
    return AlarmSeries(twin.namespace, twin.metric, twin.statistic, dimensions)
