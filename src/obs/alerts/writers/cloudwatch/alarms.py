"""Tuned alerts as CloudWatch alarms, and which of them CloudWatch cannot express, with the reason.

An alert on rules becomes one alarm a bus, on the sum over its rules: AWS publishes these metrics
for a rule and never for a bus alone. Where a bus has more rules than metric math takes, each has
an alarm and a composite goes over them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, assert_never

from obs.alerts.alert import About, TunedAlert
from obs.alerts.conditions.cloudwatch import (
    GaugeCompared,
    Heartbeat,
    NotExpressible,
    WindowSum,
    is_named,
)
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.tier import BurnTier
from obs.alerts.explicit_resources import (
    ExplicitQueue,
    ExplicitRule,
    explicit_queues,
    explicit_rules,
    explicit_work_queues,
    rule_globs,
)
from obs.alerts.writers.cloudwatch import burn_rate, named, published, services
from obs.alerts.writers.cloudwatch.alarm import (
    MAX_METRICS,
    Alarm,
    AlarmSeries,
    Formula,
    Group,
    MetricAlarm,
)
from obs.alerts.writers.cloudwatch.naming import (
    Namer,
    Refused,
    filled_sum,
    periods_of,
    rule_series,
    told_apart,
    under_composites,
)
from obs.alerts.writers.templates import REFERENCE
from obs.catalogue.metric import AwsMetric, Metric
from obs.catalogue.query import number
from obs.spec.system import System

_AWS_GAUGE_PERIOD: Final = 300  # seconds; SQS may skip minutes

_REFERENCE: Final = f"CloudFormation would replace {REFERENCE}…}}}} in the name of its object"

Rules = tuple[ExplicitRule, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    """The alarms of one AWS source, and the alerts that CloudWatch cannot express."""

    groups: tuple[Group, ...]
    refused: tuple[Refused, ...]

    @property
    def all(self) -> tuple[Alarm, ...]:
        """Every alarm, a composite after its children."""
        return tuple(alarm for group in self.groups for alarm in group)


def alarms_of(alerts: Sequence[TunedAlert], system: System, aws: str) -> Alarms:
    """The alarms in the account and region of an AWS source."""
    groups: list[Group] = []
    refused = [
        Refused("", f"{glob} on source {aws} is a glob: alarms need the names of rules")
        for glob in rule_globs(system, aws)
    ]
    refused += services.without_names(system, aws)
    rules = explicit_rules(system, aws)
    for tuned in alerts:
        for found in _of(Namer(tuned, system, aws, rules)):
            if isinstance(found, Refused):
                refused.append(found)
            elif any(map(_has_reference, found)):
                refused.append(Refused(tuned.name, _REFERENCE))
            else:
                groups.append(found)
    return Alarms(told_apart(groups), tuple(dict.fromkeys(refused)))


def _has_reference(alarm: Alarm) -> bool:
    if not isinstance(alarm, MetricAlarm):
        return False
    watched = alarm.watched
    series = [each for _, each in watched.inputs] if isinstance(watched, Formula) else [watched]
    return any(REFERENCE in value for each in series for _, value in each.dimensions)


def _of(namer: Namer) -> Iterator[Group | Refused]:
    about, form = namer.tuned.alert.about, namer.tuned.when.cloudwatch()
    match form:
        case NotExpressible(reason):
            yield namer.refused(reason)
        case WindowSum() if form.counter.aws is None:
            yield from published.on_sums(namer, form)
        case GaugeCompared() if form.metric.aws is None:
            yield from published.on_gauges(namer, form)
        case WindowSum() if about is About.RULE:
            yield from _on_rules(namer, form)
        case GaugeCompared() if about is About.QUEUE:
            yield from _on_queues(namer, form, explicit_queues(namer.system, namer.aws))
        case GaugeCompared() if about is About.WORK_QUEUE:
            yield from _on_queues(namer, form, explicit_work_queues(namer.system, namer.aws))
        case WindowSum() | GaugeCompared():
            on_objects = named.on_objects if is_named(named.read(form)) else services.on_objects
            yield from on_objects(namer, form)
        case Heartbeat():
            yield from published.on_collector(namer)
        case BurnTier():
            yield from burn_rate.on_slos(namer, form)
        case _:
            assert_never(form)


def _on_rules(namer: Namer, form: WindowSum) -> Iterator[Group | Refused]:
    chosen = tuple(rule for rule in namer.rules if namer.chooses(rule.labels))
    if not chosen:
        yield namer.refused("the spec names its rules only by globs")
    several = len({rule.bus for rule in namer.rules}) > 1
    for bus, members in groupby(chosen, key=lambda rule: rule.bus):
        yield _on_bus(namer, form, (bus,) if several else (), tuple(members))


def _on_bus(namer: Namer, form: WindowSum, place: tuple[str, ...], rules: Rules) -> Group:
    """One alarm over all rules, or one a rule where metric math would read too many metrics."""
    metrics = 1 if form.of is None else 2
    if len(rules) * metrics <= MAX_METRICS:
        return (_rule_alarm(namer, form, namer.name(*place), rules, namer.topics),)
    children = [
        _rule_alarm(namer, form, namer.name(*place, rule.rule), (rule,), ()) for rule in rules
    ]
    return under_composites(
        namer,
        children,
        namer.name(*place),
        namer.description(_over(form, len(rules)), _shared(rules)),
        "AND" if form.is_lower else "OR",
    )


def _shared(rules: Rules) -> Labels:
    """What is the same of all these rules."""
    first, *others = (each.labels for each in rules)
    return tuple(pair for pair in first if all(pair in labels for labels in others))


def _over(form: WindowSum, rules: int) -> str:
    return f"Of all {rules} rules at once." if form.is_lower else f"Of {rules} rules one."


def _rule_alarm(
    namer: Namer, form: WindowSum, name: str, rules: Rules, topics: tuple[str, ...]
) -> MetricAlarm:
    period = round(form.window)
    return MetricAlarm(
        name,
        namer.description(about=_shared(rules)),
        _compared(namer, form, rules),
        "LessThanThreshold" if form.is_lower else "GreaterThanThreshold",
        form.threshold,
        period,
        # An increase over a whole window is one data point; `for` needs further ones.
        1 + math.ceil(namer.tuned.hold / period),
        "breaching" if form.is_lower else "notBreaching",
        namer.tags,
        topics,
    )


def _compared(namer: Namer, form: WindowSum, rules: Rules) -> AlarmSeries | Formula:
    """What the alarm compares with its threshold.

    A single series where one says it all. Not so where silence counts: CloudWatch takes data
    points that are missing for breaching only when those of several periods are, and evaluates
    older ones meanwhile; filled with zeros, they count at once.
    """
    if form.of is not None:
        return _percent(form, form.of, rules)
    series = [rule_series(form.counter, rule) for rule in rules]
    if len(series) == 1 and not form.is_lower and not namer.tuned.hold:
        return series[0]
    inputs = tuple((f"m{place}", each) for place, each in enumerate(series, 1))
    step = filled_sum([key for key, _ in inputs])
    return Formula(inputs, (("total", step),), f"{series[0].metric} of all rules")


def _percent(form: WindowSum, of: Metric, rules: Rules) -> Formula:
    bad = [(f"bad{i}", rule_series(form.counter, rule)) for i, rule in enumerate(rules, 1)]
    every = [(f"all{i}", rule_series(of, rule)) for i, rule in enumerate(rules, 1)]
    steps = (
        ("bad", filled_sum([key for key, _ in bad])),
        ("total", filled_sum([key for key, _ in every])),
        # The least number of events is at least 1, so nothing is divided by zero.
        ("rate", f"IF(total >= {number(form.minimum)}, 100 * bad / total, 0)"),
    )
    return Formula((*bad, *every), steps, "Failed, percent of invocations")


def _on_queues(
    namer: Namer, form: GaugeCompared, queues: Iterable[ExplicitQueue]
) -> Iterator[Group | Refused]:
    chosen = [queue for queue in queues if namer.chooses(queue.labels)]
    if not chosen:
        yield namer.refused("the spec names its queues only by globs")
    for queue in chosen:
        yield (_queue_alarm(namer, queue, form.metric.twin, form.threshold),)


def _queue_alarm(
    namer: Namer, queue: ExplicitQueue, twin: AwsMetric, threshold: float
) -> MetricAlarm:
    """An empty queue has no age, and an idle one no metrics at all: missing is not breaching."""
    return MetricAlarm(
        namer.name(queue.queue),
        namer.description(f"Queue {queue.queue}.", queue.labels),
        AlarmSeries(twin.namespace, twin.metric, twin.statistic, (("QueueName", queue.queue),)),
        "GreaterThanThreshold",
        threshold,
        _AWS_GAUGE_PERIOD,
        periods_of(namer.tuned.hold, _AWS_GAUGE_PERIOD),
        "notBreaching",
        namer.tags,
        namer.topics,
    )
