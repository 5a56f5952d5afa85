"""How CloudWatch can express a condition: forms of alarms, or the reason why there is none."""

from dataclasses import dataclass
from typing import Final, Literal

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


ABOUT_THE_COLLECTOR: Final = NotExpressible(
    "the collector publishes nothing about itself to CloudWatch"
)


def no_alarm_on(metric: Metric) -> NotExpressible:
    """Why there is no alarm on a metric that CloudWatch does not have."""
    if metric.aws is not None or metric.cloudwatch is not None:
        return NotExpressible(f"obs builds no CloudWatch alarm of this kind on {metric.name}")
    if "nats" in metric.labels:
        return NotExpressible("the collector does not publish this metric of NATS to CloudWatch")
    if "slo" in metric.labels:
        return NotExpressible(
            "it covers the SLO's window, but an alarm looks back at most seven days"
        )
    return ABOUT_THE_COLLECTOR
