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
    """An objective written in percent, as a ratio: of 99.9 exactly 0.999.

    Raises ValueError unless 0 < percent < 100.
    """
    if not 0 < percent < 100:
        raise ValueError(f"an objective of {percent} % is not between 0 and 100")
    return float(Decimal(repr(percent)) / 100)


@lru_cache
def error_budget(objective: float) -> float:
    """Share of events that may be bad: 1 − objective, of 0.999 exactly 0.001.

    Both are ratios (SRE book, ch. 3). Raises ValueError unless 0 < objective < 1.
    """
    if not 0 < objective < 1:
        raise ValueError(f"an objective of {objective} is not a ratio between 0 and 1")
    return float(1 - Decimal(repr(objective)))


def burn_rate(error_ratio: float, objective: float) -> float:
    """How fast the error budget is spent; 1 spends exactly all of it in the SLO's period (no unit).

    error_ratio / (1 − objective), both ratios (SRE workbook, ch. 5, "burn rate"). Raises
    ValueError unless 0 < objective < 1.
    """
    return error_ratio / error_budget(objective)


def budget_remaining(error_ratio: float, objective: float) -> float:
    """Share of the budget left after a period at this error ratio; below 0 when overspent.

    1 − error_ratio / (1 − objective), both ratios (SRE workbook, ch. 2, "error budget"). Raises
    ValueError unless 0 < objective < 1.
    """
    return 1 - error_ratio / error_budget(objective)


def exhaustion_seconds(remaining: float, burn: float, period_seconds: float) -> float:
    """Seconds until the budget is exhausted at this burn rate: remaining · period / burn.

    `remaining` is a share of the budget (SRE workbook, ch. 5, table 5-4, has it for a full one).
    0 when the budget is exhausted already, infinite where none of it is being spent.
    """
    if remaining <= 0:
        return 0.0
    if burn <= 0:
        return inf
    return remaining * period_seconds / burn


def burn_factor(budget_share: float, long_seconds: float, period_seconds: float) -> float:
    """The burn rate that spends `budget_share` of the period's budget in the long window.

    share · period / long (SRE workbook, ch. 5, table 5-2), the float nearest to the decimal
    result: 13.44 for 2 % of 28 d in 1 h. Raises ZeroDivisionError for a window of no length.
    """
    share = Fraction(repr(budget_share))
    return float(share * Fraction(period_seconds) / Fraction(long_seconds))
