"""Formulas of error budgets and burn rates (Google SRE workbook, chapter 5).

Objectives and error ratios are ratios (0.999, not 99.9). Decimal numbers stay decimal: the budget
of 0.999 is 0.001, not 0.0010000000000000009.
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import inf


@lru_cache
def objective_ratio(percent: float) -> float:
    """An objective written in percent as a ratio: 99.9 is 0.999 exactly.

    Raises ValueError unless 0 < percent < 100.
    """
    if not 0 < percent < 100:
        raise ValueError(f"an objective of {percent} % is not between 0 and 100")
    return float(Decimal(repr(percent)) / 100)


@lru_cache
def error_budget(objective: float) -> float:
    """Share of events that may be bad: 1 − objective, of 0.999 exactly 0.001.

    Raises ValueError unless 0 < objective < 1.
    """
    if not 0 < objective < 1:
        raise ValueError(f"an objective of {objective} is not a ratio between 0 and 1")
    return float(1 - Decimal(repr(objective)))


def burn_rate(error_ratio: float, objective: float) -> float:
    """How fast the error budget is spent; 1 lasts exactly the SLO's period (no unit).

    error_ratio / (1 − objective). Raises ValueError unless 0 < objective < 1.
    """
    return error_ratio / error_budget(objective)


def budget_remaining(error_ratio: float, objective: float) -> float:
    """Share of the budget left after a period at this error ratio; below 0 when overspent.

    1 − error_ratio / (1 − objective). Raises ValueError unless 0 < objective < 1.
    """
    return 1 - error_ratio / error_budget(objective)


def bad_events_left(good: float, total: float, objective: float) -> float:
    """How many more of these events could have been bad; below 0 when the budget is overspent.

    (1 − objective) · total − bad. Raises ValueError unless 0 < objective < 1.
    """
    return error_budget(objective) * total - (total - good)


def exhaustion_seconds(remaining: float, burn: float, period_seconds: float) -> float:
    """Time until the budget is gone at this burn rate: remaining · period / burn.

    0 when it is gone already, infinite where nothing is being spent.
    """
    if remaining <= 0:
        return 0.0
    if burn <= 0:
        return inf
    return remaining * period_seconds / burn


def burn_factor(budget_share: float, long_seconds: float, period_seconds: float) -> float:
    """The burn rate that spends `budget_share` of the period's budget in the long window.

    share · period / long, the float nearest to the decimal result: 13.44 for 2 % of 28 d in 1 h.
    """
    share = Fraction(repr(budget_share))
    return float(share * Fraction(period_seconds) / Fraction(long_seconds))


def share_spent(burn: float, window_seconds: float, period_seconds: float) -> float:
    """Share of the period's budget spent by a window at this burn rate: burn · window / period.

    With a tier's factor and long window: the share spent when the tier fires.
    """
    spent = Fraction(repr(burn)) * Fraction(window_seconds) / Fraction(period_seconds)
    return float(spent)


def time_to_fire(error_ratio: float, objective: float, factor: float, long_seconds: float) -> float:
    """Seconds from the first error of a steady error ratio until a tier's long window trips.

    (1 − objective) / error_ratio · long · factor, of traffic that was good before; infinite where
    the ratio never exceeds the tier's threshold. Raises ValueError unless 0 < objective < 1.
    """
    budget = error_budget(objective)
    if error_ratio <= factor * budget:
        return inf
    return budget / error_ratio * long_seconds * factor
