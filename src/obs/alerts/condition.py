"""When an alert fires, as values that every writer reads. Each threshold stands here and only here.

Comparisons are strict. Windows and ages are seconds, shares are percent.
"""

from dataclasses import dataclass
from typing import Literal

from obs.catalogue.metric import Metric

Labels = tuple[tuple[str, str], ...]
Unit = Literal["ratio", "messages", "seconds", "percent", "events", "bytes", "replicas"]


@dataclass(frozen=True, slots=True)
class Above:
    """A gauge is above the threshold."""

    metric: Metric
    threshold: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Below:
    """A gauge is below the threshold."""

    metric: Metric
    threshold: float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Equals:
    """A gauge that stands for a state has this value; `where` narrows its series."""

    metric: Metric
    value: float
    where: Labels = ()


@dataclass(frozen=True, slots=True)
class Share:
    """A gauge is above this percentage of another, its limit; of those only where `given` is 1."""

    part: Metric
    whole: Metric
    threshold: float
    unit: Unit = "percent"
    given: Metric | None = None


@dataclass(frozen=True, slots=True)
class Increase:
    """A counter grew by more than the threshold in the window."""

    metric: Metric
    threshold: float
    window: float
    unit: Unit = "events"
    where: Labels = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """A counter grew by less than the threshold in the window, while its source answered."""

    metric: Metric
    threshold: float
    window: float
    unit: Unit = "events"


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """In the window more than this percentage of `total` was `bad`; judged from `minimum` on."""

    bad: Metric
    total: Metric
    threshold: float
    window: float
    minimum: float
    unit: Unit = "percent"


@dataclass(frozen=True, slots=True)
class Age:
    """A moment is longer ago than the threshold, also when its series has gone since."""

    moment: Metric
    threshold: float
    unit: Unit = "seconds"


@dataclass(frozen=True, slots=True)
class Overdue:
    """A moment is longer ago than this percentage of a limit; `since` stands for one not yet been.

    Of several that wait for the moment, the one that has waited longest counts.
    """

    moment: Metric
    limit: Metric
    since: Metric
    percent: float


@dataclass(frozen=True, slots=True)
class Absent:
    """A metric that must always be there is not."""

    metric: Metric


@dataclass(frozen=True, slots=True)
class Burn:
    """Error budgets burn faster than a tier allows, of the SLOs over one period.

    Both windows burn faster than `factor`, and the long one has at least `min_bad_events`: one
    bad event of a quiet service never fires, a total outage of it does.
    """

    burn: Metric
    bad: Metric
    long: str
    short: str
    factor: float
    min_bad_events: int
    period: str


@dataclass(frozen=True, slots=True)
class BurnTiers:
    """All tiers of one severity; tuning makes a Burn of each tier and period of the spec."""

    severity: Literal["page", "ticket"]
    min_bad_events: int


@dataclass(frozen=True, slots=True)
class Always:
    """Fires for ever, to prove that the way to people works."""


Condition = (
    Above
    | Below
    | Equals
    | Share
    | Increase
    | Quiet
    | ErrorRate
    | Age
    | Overdue
    | Absent
    | Burn
    | BurnTiers
    | Always
)


def metrics_of(condition: Condition) -> tuple[Metric, ...]:
    """The metrics that a condition reads, the one it is about first."""
    match condition:
        case Above() | Below() | Equals() | Increase() | Quiet() | Absent():
            return (condition.metric,)
        case Share():
            given = (condition.given,) if condition.given else ()
            return (condition.part, condition.whole, *given)
        case ErrorRate():
            return (condition.bad, condition.total)
        case Age():
            return (condition.moment,)
        case Overdue():
            return (condition.moment, condition.limit, condition.since)
        case Burn():
            return (condition.burn, condition.bad)
        case BurnTiers() | Always():
            return ()
