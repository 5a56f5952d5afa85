"""An SLO's error ratios, burn rates and error budget at one moment."""

from typing import Final

import msgspec

from obs.slo.burn import budget_remaining, burn_rate, error_budget, exhaustion_seconds
from obs.slo.ledger import Ledger
from obs.slo.windows import MINUTE, windows

NO_DATA_AFTER: Final = 15 * MINUTE
"""Seconds since the watermark after which an SLO's data no longer arrives."""


class WindowEvaluation(msgspec.Struct, frozen=True, gc=False):
    """One window. `bad` is a number of events; ratio, rate and time are None without events.

    `exhaustion_seconds`: until the SLO's budget is exhausted at this window's burn rate; infinite
    at a burn rate of 0.
    """

    label: str
    seconds: int
    bad: float
    error_ratio: float | None
    burn_rate: float | None
    exhaustion_seconds: float | None


class Evaluation(msgspec.Struct, frozen=True, gc=False):
    """An SLO over windows that end at `watermark` (Unix seconds).

    `good` and `total` are the events of the SLO's own window, `budget_remaining` the share of its
    error budget left: below 0 when overspent, None without events.
    """

    objective: float
    watermark: float
    good: float
    total: float
    budget_remaining: float | None
    windows: tuple[WindowEvaluation, ...]


def evaluate(
    ledger: Ledger, objective: float, period_seconds: float, watermark: float
) -> Evaluation:
    """Evaluate an objective (ratio) over its period.

    Error ratios are weighted by events: bad over total counts, never an average of ratios.
    Raises ValueError unless 0 < objective < 1.
    """
    error_budget(objective)  # refuses what is no objective, without events too
    good, total = ledger.counts(period_seconds, watermark)
    remaining = budget_remaining((total - good) / total, objective) if total else None
    results: list[WindowEvaluation] = []
    for label, seconds in windows(period_seconds):
        own = seconds == period_seconds
        window_good, window_total = (good, total) if own else ledger.counts(seconds, watermark)
        if not window_total:
            results.append(WindowEvaluation(label, seconds, 0.0, None, None, None))
            continue
        bad = window_total - window_good
        ratio = bad / window_total
        burn = burn_rate(ratio, objective)
        exhaustion = None
        if remaining is not None:  # a window may be longer than the SLO's own
            exhaustion = exhaustion_seconds(remaining, burn, period_seconds)
        results.append(WindowEvaluation(label, seconds, bad, ratio, burn, exhaustion))
    return Evaluation(objective, watermark, good, total, remaining, tuple(results))
