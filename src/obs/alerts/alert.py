"""What an alert is, before and after the spec has tuned it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from obs.alerts.conditions.condition import Condition
from obs.alerts.conditions.scope import Labels
from obs.catalogue import aws, nats, own, slo
from obs.catalogue.query import Matcher

MINUTE: Final = 60
HOUR: Final = 3600
KEPT: Final = HOUR
"""Seconds for which an alert that fires goes on when what it watches can no longer be seen."""


class Severity(StrEnum):
    """critical: wake somebody; warning: look at it today; info: good to know."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class About(StrEnum):
    """The kind of object that an alert is about."""

    CONSUMER = "consumer"
    STREAM = "stream"
    SERVER = "server"
    RULE = "rule"
    QUEUE = "queue"
    SLO = "slo"
    SOURCE = "source"
    COLLECTOR = "collector"


IDENTITY: Final[dict[About, tuple[str, ...]]] = {
    About.CONSUMER: nats.CONSUMER,
    About.STREAM: nats.STREAM,
    About.SERVER: nats.SERVER,
    About.RULE: aws.RULE,
    About.QUEUE: aws.QUEUE,
    About.SLO: slo.SLO,
    About.SOURCE: own.SOURCE,
    About.COLLECTOR: (),
}
"""The labels that tell one object from another."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as obs knows it; durations in seconds.

    `summary` is a sentence without values. `description` names labels, `{value}`, `{threshold}`
    and `{window}` in braces, which each writer fills in. `why` says why the threshold is what it
    is. `keep_firing`: how long it goes on firing while its source is silent.
    """

    name: str
    severity: Severity
    about: About
    when: Condition
    hold: float
    summary: str
    description: str
    why: str
    panel: str
    keep_firing: float = KEPT


@dataclass(frozen=True, slots=True)
class TunedAlert:
    """An alert as it is for one system: for all objects of its kind, or for those `only` selects.

    `without` are objects that have a rule of their own, `among` narrows the series by whatever
    matchers. `labels` are added to severity and system.
    """

    alert: Alert
    severity: Severity
    when: Condition
    hold: float
    labels: Labels = ()
    only: Labels = ()
    without: tuple[Labels, ...] = ()
    among: tuple[Matcher, ...] = ()

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.alert.name

    @property
    def identity(self) -> tuple[str, ...]:
        """The labels of the objects it is about."""
        return IDENTITY[self.alert.about]

    @property
    def keep_firing(self) -> float:
        """Seconds for which it goes on firing while its source is silent."""
        return self.alert.keep_firing

    @property
    def expression(self) -> str:
        """Its PromQL, a line for each part."""
        return self.when.expression(self)
