"""Alerts, before and after the spec has tuned them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from obs.alerts.conditions.condition import Condition
from obs.alerts.conditions.scope import Labels
from obs.catalogue import aws, nats, own, slo
from obs.catalogue.query import Matcher

MINUTE: Final = 60
HOUR: Final = 3600
KEPT: Final = HOUR
"""Seconds for which an alert keeps firing after its series disappear."""
OWN: Final = ("managed_by", "obs")
"""A label that every alert of obs has, and no other: routes and inhibition rules select by it, so
that they leave the alerts of others alone.
"""


class Severity(StrEnum):
    """critical: page; warning: needs attention today; info: for information."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class About:
    """The kind of object that an alert is about; a kind of source may have others.

    `name` is the label that has the object's name, `labels` identify the object.
    """

    name: str
    labels: tuple[str, ...]

    CONSUMER: ClassVar["About"]
    STREAM: ClassVar["About"]
    ORIGIN: ClassVar["About"]
    SERVER: ClassVar["About"]
    RULE: ClassVar["About"]
    QUEUE: ClassVar["About"]
    WORK_QUEUE: ClassVar["About"]
    SLO: ClassVar["About"]
    SOURCE: ClassVar["About"]
    COLLECTOR: ClassVar["About"]
    TARGET: ClassVar["About"]
    SPEC_OBJECT: ClassVar["About"]
    SHARD: ClassVar["About"]
    PART: ClassVar["About"]
    SINK: ClassVar["About"]

    def __str__(self) -> str:
        return self.name


About.CONSUMER = About("consumer", nats.CONSUMER)
About.STREAM = About("stream", nats.STREAM)
About.ORIGIN = About("stream", nats.ORIGIN)
About.SERVER = About("server", nats.SERVER)
About.RULE = About("rule", aws.RULE)
About.QUEUE = About("queue", aws.QUEUE)
About.WORK_QUEUE = About("queue", aws.QUEUE)
About.SLO = About("slo", slo.SLO)
About.SOURCE = About("source", own.SOURCE)
About.COLLECTOR = About("collector", ())
About.TARGET = About("instance", own.UP.labels)
About.SPEC_OBJECT = About("object", own.SPEC_OBJECT)
About.SHARD = About("shard", own.SHARD_SOURCE)
About.PART = About("part", own.PART)
About.SINK = About("sink", own.PUSH_UP.labels)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as obs defines it; durations in seconds.

    `summary` is a sentence without values. `description` names labels, `{value}`, `{threshold}`
    and `{window}` in braces, which each writer fills in. `why` gives the reason for the
    threshold. `keep_firing`: how long it keeps firing while its series are missing. `runbook` is
    the text of its runbook where that comes with a pack.
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
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class TunedAlert:
    """An alert for one system: for all objects of its kind, or for those that `only` selects.

    `system` are the labels that the system's series and alerts have, `selecting` chooses the series
    of other exporters that it reads.
    `without` are objects that have a separate rule, `among` narrows the series by matchers.
    `labels` are added to severity and system. `apart` are labels that tell its objects apart
    beside those of their kind, `annotations` are added to those that obs gives, and `part` names
    the part of the objects that it is for, where it is not for all of its kind.
    """

    alert: Alert
    severity: Severity
    when: Condition
    hold: float
    system: Labels
    labels: Labels = ()
    only: Labels = ()
    without: tuple[Labels, ...] = ()
    among: tuple[Matcher, ...] = ()
    apart: tuple[str, ...] = ()
    annotations: Labels = ()
    part: str = ""
    selecting: tuple[Matcher, ...] = ()

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.alert.name

    @property
    def identity(self) -> tuple[str, ...]:
        """The labels of the objects it is about."""
        return (*self.alert.about.labels, *self.apart)

    @property
    def keep_firing(self) -> float:
        """Seconds for which it goes on firing while its source is silent."""
        return self.alert.keep_firing

    @property
    def expression(self) -> str:
        """Its PromQL, a line for each part."""
        return self.when.expression(self)
