"""How CloudWatch can express a condition: forms of alarms, or the reason why there is none."""

from dataclasses import dataclass
from typing import Final, Literal

from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.tier import BurnTier
from obs.catalogue.cloudwatch_names import PREFIX
from obs.catalogue.metric import Metric


@dataclass(frozen=True, slots=True)
class WindowSum:
    """The sum of a counter over a window of seconds, compared with a threshold.

    With `of`, the sum in percent of the sum of that counter, where that is at least `minimum`.
    `where` are values of labels that the alert's object does not have. `beside`: what `of` counts
    does not have these events in it, and both together are the whole.
    """

    counter: Metric
    window: float
    operator: Literal[">", "<"]
    threshold: float
    of: Metric | None = None
    minimum: float = 0
    where: Labels = ()
    beside: bool = False

    @property
    def is_lower(self) -> bool:
        """Whether too little is bad, and silence with it."""
        return self.operator == "<"


@dataclass(frozen=True, slots=True)
class GaugeCompared:
    """A gauge compared with a threshold, `=` with the number of a state.

    With `of`, the gauge in percent of that one, its limit; of those only where `given` is 1.
    `where` are values of labels that the alert's object does not have.
    """

    metric: Metric
    operator: Literal[">", "<", "="]
    threshold: float
    of: Metric | None = None
    given: Metric | None = None
    where: Labels = ()

    @property
    def read(self) -> tuple[Metric, ...]:
        """The metrics that the alarm reads."""
        return (self.metric, *filter(None, (self.of, self.given)))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing that the collector publishes has arrived."""


@dataclass(frozen=True, slots=True)
class NotExpressible:
    """CloudWatch cannot express the condition, and why not."""

    reason: str


AlarmForm = WindowSum | GaugeCompared | Heartbeat | BurnTier | NotExpressible


ABOUT_THE_COLLECTOR: Final = NotExpressible(
    "obs builds no CloudWatch alarm of this kind on the collector"
)


def gauge_alarm(
    metric: Metric, operator: Literal[">", "<", "="], threshold: float, where: Labels = ()
) -> AlarmForm:
    """The form of an alarm on a gauge: of AWS' own there is one above a threshold only, of what
    packs read from CloudWatch also one below."""
    if metric.aws is not None and not (operator == ">" or (operator == "<" and is_named(metric))):
        return no_alarm_on(metric)
    return GaugeCompared(metric, operator, threshold, where=where)


def is_named(metric: Metric) -> bool:
    """Whether it is a CloudWatch metric by its own name and dimensions, as packs read them."""
    return metric.name.startswith(PREFIX) and bool(metric.aws and metric.aws.dimensions)


def no_alarm_on(metric: Metric) -> NotExpressible:
    """That obs builds no alarm of a condition's kind on a metric."""
    return NotExpressible(f"obs builds no CloudWatch alarm of this kind on {metric.name}")
