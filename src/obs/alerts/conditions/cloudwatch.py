"""How CloudWatch can express a condition: forms of alarms, or the reason why there is none."""

from dataclasses import dataclass
from typing import Literal

from obs.alerts.conditions.tier import BurnTier
from obs.catalogue.metric import Metric


@dataclass(frozen=True, slots=True)
class WindowSum:
    """The sum of a counter over a window of seconds, compared with a threshold.

    With `of`, the sum in percent of the sum of that counter, where that is at least `minimum`.
    """

    counter: Metric
    window: float
    operator: Literal[">", "<"]
    threshold: float
    of: Metric | None = None
    minimum: float = 0

    @property
    def is_lower(self) -> bool:
        """Whether too little is bad, and silence with it."""
        return self.operator == "<"


@dataclass(frozen=True, slots=True)
class GaugeAbove:
    """A gauge above a threshold."""

    metric: Metric
    threshold: float


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing that the collector publishes has arrived."""


@dataclass(frozen=True, slots=True)
class NotExpressible:
    """CloudWatch cannot express the condition, and why not."""

    reason: str


AlarmForm = WindowSum | GaugeAbove | Heartbeat | BurnTier | NotExpressible


def not_published(metric: Metric) -> NotExpressible:
    """The reason for a metric that is not in CloudWatch."""
    if "nats" in metric.labels:
        return NotExpressible("the collector does not publish this metric of NATS to CloudWatch")
    if "slo" in metric.labels:
        return NotExpressible(
            "it covers the SLO's window, but an alarm looks back at most seven days"
        )
    return ABOUT_THE_COLLECTOR


ABOUT_THE_COLLECTOR = NotExpressible("the collector publishes nothing about itself to CloudWatch")
