"""Alert tiers of an SLO: two windows and a burn rate each (Google SRE workbook, chapter 5)."""

from dataclasses import dataclass
from typing import Final, Literal

from obs.slo.burn import burn_factor, error_budget
from obs.slo.windows import DAY, HOUR, window

MIN_BAD_EVENTS: Final = 2

Severity = Literal["page", "ticket"]

_SHORT_PER_LONG: Final = 12
_POLICY: Final[tuple[tuple[Severity, int, float], ...]] = (
    # severity, long window, share of the period's budget that it may spend
    ("page", HOUR, 0.02),
    ("page", 6 * HOUR, 0.05),
    ("ticket", DAY, 0.1),  # in the workbook's code example only
    ("ticket", 3 * DAY, 0.1),
)


@dataclass(frozen=True, slots=True)
class Tier:
    """Fires while the burn rates of both windows are above `factor`.

    And while the long window has at least `min_bad_events` bad events: one bad event of a quiet
    service must not page, a total outage of it must.
    """

    severity: Severity
    long_seconds: int
    short_seconds: int
    factor: float
    budget_share: float
    min_bad_events: int


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of one SLO, and those left out with the reason why."""

    kept: tuple[Tier, ...]
    dropped: tuple[tuple[Tier, str], ...]


def tiers(objective: float, period_seconds: float, min_bad_events: int = MIN_BAD_EVENTS) -> Tiers:
    """The tiers for an objective (ratio) over a period.

    A tier whose threshold is an error ratio of 1 or more can never fire and is dropped. Raises
    ValueError where none is left, and unless 0 < objective < 1.
    """
    kept: list[Tier] = []
    dropped: list[tuple[Tier, str]] = []
    for severity, long, share in _POLICY:
        factor = burn_factor(share, long, period_seconds)
        tier = Tier(severity, long, long // _SHORT_PER_LONG, factor, share, min_bad_events)
        if factor * error_budget(objective) >= 1:
            dropped.append((tier, _never_fires(tier)))
        else:
            kept.append(tier)
    if not kept:
        raise ValueError("; ".join(reason for _, reason in dropped))
    return Tiers(tuple(kept), tuple(dropped))


def _never_fires(tier: Tier) -> str:
    needed = 100 * (1 - 1 / tier.factor)
    return (
        f"the {tier.severity} over {window(tier.long_seconds).label} at burn rate {tier.factor:g} "
        f"can never fire: it needs an objective above {needed:.5g} %"
    )
