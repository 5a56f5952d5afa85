"""What the CloudWatch alarms of all kinds of objects are put together from."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from obs.alerts.alert import TunedAlert
from obs.alerts.condition import Labels
from obs.alerts.named import NamedRule
from obs.alerts.wording import comparison
from obs.alerts.writers.cloudwatch import (
    MAX_CHILDREN,
    MAX_RULE,
    CompositeAlarm,
    Group,
    MetricAlarm,
    Pairs,
    Series,
)
from obs.alerts.writers.prometheus import runbook_url
from obs.catalogue.metric import Metric
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class Refused:
    """An alert that CloudWatch cannot express, or a part of it; `alert` empty where it is all."""

    alert: str
    reason: str


@dataclass(frozen=True, slots=True)
class Namer:
    """One tuned alert in the account of one AWS source: names, texts, tags, topics."""

    tuned: TunedAlert
    system: System
    aws: str

    def name(self, *parts: str) -> str:
        """An alarm's name: `oms-eventbridge-failed-invocations`, and what tells it from others."""
        own = [value for _, value in self.tuned.only if value not in parts]
        return "-".join((prefix(self.system, self.aws), _slug(self.tuned.name), *own, *parts))

    def description(self, more: str = "") -> str:
        """What people read in the notification."""
        told = comparison(self.tuned.when)
        sentences = (
            self.tuned.alert.summary,
            f"Fires at {told}." if told else "",
            more,
            f"Runbook: {runbook_url(self.tuned, self.system)}",
        )
        return " ".join(filter(None, sentences))

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
        return tuple(sorted({**dict(self.tuned.labels), **own}.items()))

    @property
    def topics(self) -> tuple[str, ...]:
        """The SNS topics that are told."""
        return (alert_topic(self.system),)

    def chooses(self, labels: Labels) -> bool:
        """Whether the alert is about the object with these labels."""
        known = set(labels)
        if not known >= set(self.tuned.only):
            return False
        return not any(known >= set(other) for other in self.tuned.without)

    def refused(self, reason: str) -> Refused:
        """The alert, and why it is not built."""
        return Refused(self.tuned.name, reason)


def prefix(system: System, aws: str) -> str:
    """What the names of a system's alarms begin with.

    The system's name; the environment too unless it is production, and the source where there are
    several: all may share an account, in which an alarm's name is unique.
    """
    parts = [system.system]
    if system.environment != "production":
        parts.append(system.environment)
    if len(system.sources.aws) > 1:
        parts.append(aws)
    return "-".join(parts)


def alert_topic(system: System) -> str:
    """The SNS topic that alarms tell."""
    return f"{system.system}-alerts"


def rule_series(metric: Metric, rule: NamedRule) -> Series:
    """A rule's metric. On the default bus AWS leaves the bus out of the dimensions."""
    twin = metric.aws
    assert twin is not None
    dimensions: Pairs = (("RuleName", rule.rule),)
    if rule.bus != "default":
        dimensions = (("EventBusName", rule.bus), *dimensions)
    return Series(twin.namespace, twin.metric, twin.statistic, dimensions)


def filled_sum(keys: Sequence[str]) -> str:
    """Metric math: the sum, where a metric without a data point counts as 0."""
    filled = [f"FILL({key}, 0)" for key in keys]
    return filled[0] if len(filled) == 1 else f"SUM([{', '.join(filled)}])"


def periods_of(hold: float, period: int) -> int:
    """How many periods a gauge has to be beyond its threshold to be so for `hold` seconds."""
    return max(1, math.ceil(hold / period))


def under_composites(
    children: Sequence[MetricAlarm],
    name: str,
    description: str,
    operator: Literal["AND", "OR"],
    tags: Pairs,
    topics: tuple[str, ...],
) -> Group:
    """The children, and a composite over them; over composites where there are too many."""
    batches = _batches([child.name for child in children])
    if len(batches) == 1:
        top = CompositeAlarm(name, description, batches[0], operator, tags, topics)
        return (*children, top)
    middle = [
        CompositeAlarm(f"{name}-part-{place}", description, batch, operator, tags)
        for place, batch in enumerate(batches, 1)
    ]
    names = tuple(each.name for each in middle)
    return (*children, *middle, CompositeAlarm(name, description, names, operator, tags, topics))


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
