"""What the CloudWatch alarms of all kinds of objects are put together from."""

import math
import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import quote_plus

from obs.alerts.alert import TunedAlert
from obs.alerts.conditions.scope import Labels
from obs.alerts.explicit_resources import ExplicitRule
from obs.alerts.writers.cloudwatch.alarm import (
    MAX_CHILDREN,
    MAX_DESCRIPTION,
    MAX_RULE,
    Alarm,
    AlarmSeries,
    CompositeAlarm,
    Group,
    MetricAlarm,
    Pairs,
    alarm_name,
    tag_value,
)
from obs.alerts.writers.prometheus import panel_link, runbook_url
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher
from obs.ids import short_digest, sns_topic
from obs.spec.notify import Notify, Route
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class Refused:
    """An alert that CloudWatch cannot express, or a part of it; `alert` empty where it is all."""

    alert: str
    reason: str


@dataclass(frozen=True, slots=True)
class Namer:
    """One tuned alert in the account of one AWS source: names, texts, tags, topics.

    `rules` are all that the spec names there.
    """

    tuned: TunedAlert
    system: System
    aws: str
    rules: tuple[ExplicitRule, ...]

    def name(self, *parts: str) -> str:
        """An alarm's name: `oms-eventbridge-failed-invocations`, and what tells it from others."""
        own = [value for _, value in self.tuned.only if value not in parts]
        start = (prefix(self.system, self.aws), _slug(self.tuned.name))
        return alarm_name("-".join((*start, *own, *parts)))

    def description(self, more: str = "", about: Labels = ()) -> str:
        """What people read in the notification. `about` is what is known of the alarm's object."""
        threshold = self.tuned.when.words().comparison
        known = dict(about)
        link = panel_link(self.tuned, self.system, lambda label: quote_plus(known.get(label, "")))
        sentences = (
            self.tuned.alert.summary,
            f"Threshold: {threshold}." if threshold else "",
            more,
            f"Runbook: {runbook_url(self.tuned, self.system)}",
        )
        text = " ".join(filter(None, sentences))
        linked = f"{text} Dashboard: {link}" if link else text[:MAX_DESCRIPTION]
        return linked if len(linked) <= MAX_DESCRIPTION else text

    @property
    def tags(self) -> Pairs:
        """Tags, sorted by key; what the spec adds as labels among them."""
        own = {
            "alert": self.tuned.name,
            "environment": self.system.environment,
            "managed-by": "obs",
            "severity": str(self.tuned.severity),
            "system": self.system.system,
        }
        every = {**dict(self.tuned.labels), **own}
        return tuple(sorted((key, tag_value(value)) for key, value in every.items()))

    @property
    def topics(self) -> tuple[str, ...]:
        """The SNS topics to notify: those of the alert's route, else any of this region.

        A topic named after the system where the spec has none.
        """
        notify = self.system.notify
        if notify is None:
            return (sns_topic(self.system.system),)
        region = self.system.sources.aws[self.aws].region
        found = {
            name: receiver.sns.topic_arn
            for name, receiver in notify.receivers.items()
            if receiver.sns is not None and receiver.sns.region == region
        }
        if not found:
            return (sns_topic(self.system.system),)
        route = _route(notify, self.tuned)
        if route is None:
            return ()
        on_route = {arn: None for name, arn in found.items() if name in route.to}
        return tuple(on_route or dict.fromkeys(found.values()))

    def chooses(self, labels: Labels) -> bool:
        """Whether the alert is about the object with these labels."""
        known = set(labels)
        if not known >= set(self.tuned.only) or not _is_among(known, self.tuned.among):
            return False
        return not any(known >= set(other) for other in self.tuned.without)

    def refused(self, reason: str) -> Refused:
        """The alert, and why it is not built."""
        return Refused(self.tuned.name, reason)


def _is_among(labels: AbstractSet[tuple[str, str]], among: Sequence[Matcher]) -> bool:
    """Whether an object's labels are among those that a rule selects; `=` and `=~` only."""
    known = dict(labels)
    return all(
        re.fullmatch(re.escape(text) if compared == "=" else text, known[label])
        for label, compared, text in among
        if label in known
    )


def prefix(system: System, aws: str) -> str:
    """What the names of a system's alarms begin with.

    What the system is known as, and the source where there are several: all may share an account,
    in which an alarm's name is unique.
    """
    return f"{system.known_as}-{aws}" if len(system.sources.aws) > 1 else system.known_as


def _route(notify: Notify, tuned: TunedAlert) -> Route | None:
    """Where the spec sends an alert; None where it has no route for it."""
    for labelled in notify.routes.labelled:
        fits = set(labelled.labels.items()) <= set(tuned.labels)
        if fits and str(tuned.severity) in labelled.severity:
            return labelled
    by_severity: dict[str, Route | None] = {
        "critical": notify.routes.critical,
        "warning": notify.routes.warning,
        "info": notify.routes.info,
    }
    return by_severity[str(tuned.severity)]


def rule_series(metric: Metric, rule: ExplicitRule) -> AlarmSeries:
    """A rule's metric. On the default bus AWS leaves the bus out of the dimensions."""
    twin = metric.twin
    dimensions: Pairs = (("RuleName", rule.rule),)
    if rule.bus != "default":
        dimensions = (("EventBusName", rule.bus), *dimensions)
    return AlarmSeries(twin.namespace, twin.metric, twin.statistic, dimensions)


def filled_sum(keys: Sequence[str]) -> str:
    """Metric math: the sum, where a metric without a data point counts as 0."""
    filled = [f"FILL({key}, 0)" for key in keys]
    return filled[0] if len(filled) == 1 else f"SUM([{', '.join(filled)}])"


def periods_of(hold: float, period: int) -> int:
    """How many periods a gauge has to be beyond its threshold to be so for `hold` seconds."""
    return max(1, math.ceil(hold / period))


def under_composites(
    namer: Namer,
    children: Sequence[MetricAlarm],
    name: str,
    description: str,
    operator: Literal["AND", "OR"],
) -> Group:
    """The children, and a composite over them; over composites where there are too many."""
    batches = _batches([child.name for child in children])
    middle = [
        CompositeAlarm(alarm_name(f"{name}-part-{place}"), description, batch, operator, namer.tags)
        for place, batch in enumerate(batches, 1)
    ]
    if len(middle) == 1:
        middle, names = [], batches[0]
    else:
        names = tuple(each.name for each in middle)
    top = CompositeAlarm(name, description, names, operator, namer.tags, namer.topics)
    return (*children, *middle, top)


def told_apart(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups, their alarms' names with a digest of what they watch where two were the same.

    The parts of a name are joined by -, which they may have in them.
    """
    count = Counter(alarm.name for group in groups for alarm in group)
    twice = {name for name, number in count.items() if number > 1}
    return tuple(_renamed(group, twice) if twice else group for group in groups)


def _renamed(group: Group, twice: Container[str]) -> Group:
    watched = [each.watched for each in group if isinstance(each, MetricAlarm)]
    names = {
        each.name: alarm_name(f"{each.name}-{short_digest(repr(watched))}")
        for each in group
        if each.name in twice
    }
    return tuple(_with_names(each, names) for each in group)


def _with_names(alarm: Alarm, names: Mapping[str, str]) -> Alarm:
    name = names.get(alarm.name, alarm.name)
    if isinstance(alarm, MetricAlarm):
        return replace(alarm, name=name)
    return replace(alarm, name=name, children=tuple(names.get(x, x) for x in alarm.children))


def _batches(names: Sequence[str]) -> list[tuple[str, ...]]:
    batches: list[tuple[str, ...]] = []
    batch: list[str] = []
    size = 0
    for name in names:
        more = len(f' AND ALARM("{name}")')
        if batch and (len(batch) == MAX_CHILDREN or size + more > MAX_RULE):
            batches.append(tuple(batch))
            batch, size = [], 0
        batch.append(name)
        size += more
    return [*batches, tuple(batch)]


def _slug(alert: str) -> str:
    """NatsConsumerLagHigh → nats-consumer-lag-high; EventBridge is one word."""
    one_word = alert.replace("EventBridge", "Eventbridge")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", one_word).lower()
