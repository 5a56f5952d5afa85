"""Alert tiers of an SLO: two windows and a burn rate each (Google SRE workbook, chapter 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from obs.slo.burn import burn_factor, error_budget
from obs.slo.windows import LEAST_LONG, LONG_WINDOWS, long_window, scaled, short_window, window

MIN_BAD_EVENTS: Final = 2

Severity = Literal["page", "ticket"]

_POLICY: Final[tuple[tuple[Severity, float], ...]] = (
    # severity, share of the period's budget that the long window may spend, for each LONG_WINDOWS
    ("page", 0.02),
    ("page", 0.05),
    ("ticket", 0.1),  # in the workbook's code example only
    ("ticket", 0.1),
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


class ChosenTier(Protocol):
    """A tier of one's own, before it is known for which objective: windows in seconds, and a
    factor or the share of the period's budget that the long window may spend."""

    @property
    def severity(self) -> Severity: ...
    @property
    def long(self) -> float: ...
    @property
    def short(self) -> float: ...
    @property
    def factor(self) -> float | None: ...
    @property
    def budget(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Tiers:
    """The tiers of one SLO, and those left out with the reason why."""

    kept: tuple[Tier, ...]
    dropped: tuple[tuple[Tier, str], ...]


def tiers(
    objective: float,
    period_seconds: float,
    min_bad_events: int = MIN_BAD_EVENTS,
    own: Sequence[ChosenTier] = (),
) -> Tiers:
    """The tiers for an objective (ratio) over a period: the usual ones, or one's `own`.

    The usual windows scale with the period. Left out is a tier whose long window would be too
    short, and one whose threshold is an error ratio of 1 or more, which can never fire. Raises
    ValueError where none is left, and unless 0 < objective < 1.
    """
    budget = error_budget(objective)
    if own:
        return _own(own, budget, period_seconds, min_bad_events)
    kept: list[Tier] = []
    dropped: list[tuple[Tier, str]] = []
    for month_long, (severity, share) in zip(LONG_WINDOWS, _POLICY, strict=True):
        long = long_window(month_long, period_seconds)
        seconds = round(scaled(month_long, period_seconds)) if long is None else long
        factor = burn_factor(share, seconds, period_seconds)
        tier = Tier(severity, seconds, short_window(seconds), factor, share, min_bad_events)
        if long is None:
            dropped.append((tier, _too_short(tier)))
        elif factor * budget >= 1:
            dropped.append((tier, _never_fires(tier)))
        else:
            kept.append(tier)
    if not kept:
        raise ValueError("; ".join(reason for _, reason in dropped))
    return Tiers(tuple(kept), tuple(dropped))


def _own(
    chosen: Sequence[ChosenTier], budget: float, period_seconds: float, min_bad_events: int
) -> Tiers:
    every = [_made(each, period_seconds, min_bad_events) for each in chosen]
    dropped = tuple((each, _never_fires(each)) for each in every if each.factor * budget >= 1)
    kept = tuple(each for each in every if each.factor * budget < 1)
    if not kept:
        raise ValueError("; ".join(reason for _, reason in dropped))
    return Tiers(kept, dropped)


def _made(chosen: ChosenTier, period_seconds: float, min_bad_events: int) -> Tier:
    """Its factor from its share of the budget, or the other way round: share = factor · long /
    period."""
    long, factor, share = round(chosen.long), chosen.factor, chosen.budget
    if factor is None:
        assert share is not None
        factor = burn_factor(share, long, period_seconds)
    elif share is None:
        share = factor * long / period_seconds
    return Tier(chosen.severity, long, round(chosen.short), factor, share, min_bad_events)


def _too_short(tier: Tier) -> str:
    return (
        f"the {tier.severity} over {window(tier.long_seconds).label} is left out: less than "
        f"{window(LEAST_LONG).label} is too short to judge by"
    )


def _never_fires(tier: Tier) -> str:
    needed = 100 * (1 - 1 / tier.factor)
    return (
        f"the {tier.severity} over {window(tier.long_seconds).label} at burn rate {tier.factor:g} "
        f"can never fire: it needs an objective above {needed:.5g} %"
    )


def windows_of(own: Sequence[ChosenTier]) -> tuple[int, ...]:
    """The windows of one's own tiers, in seconds."""
    return tuple(sorted({round(length) for each in own for length in (each.long, each.short)}))
