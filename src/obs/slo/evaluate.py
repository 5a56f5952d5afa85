"""An SLO's error ratios, burn rates and error budget at one moment."""

from typing import Final

import msgspec

from obs.slo.burn import budget_remaining, burn_rate, error_budget, exhaustion_seconds
from obs.slo.expected import ALL_SEEN, Expected
from obs.slo.ledger import Ledger
from obs.slo.tiers import MIN_BAD_EVENTS
from obs.slo.windows import MINUTE, windows

NO_DATA_AFTER: Final = 15 * MINUTE
"""Seconds since the watermark after which an SLO's data no longer arrives."""


class WindowEvaluation(msgspec.Struct, frozen=True, gc=False):
    """One window. `bad` is a number of events; ratio, rate and time are None without events.

    `exhaustion_seconds`: until the SLO's budget is exhausted at this window's burn rate; infinite
    at a burn rate of 0, None where the budget cannot be told.
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
    error budget left: below 0 when overspent, None without events or with too few to tell.
    `resets_at`: when a calendar window ends (Unix seconds); None for a rolling one.
    """

    objective: float
    watermark: float
    good: float
    total: float
    budget_remaining: float | None
    windows: tuple[WindowEvaluation, ...]
    resets_at: float | None = None


def evaluate(
    ledger: Ledger,
    objective: float,
    period_seconds: float,
    watermark: float,
    expected: Expected = ALL_SEEN,
    *,
    more: tuple[int, ...] = (),
) -> Evaluation:
    """Evaluate an objective (ratio) over its period; `more` are windows of tiers of its own.

    Error ratios are weighted by events: bad over expected counts, never an average of ratios.
    Raises ValueError unless 0 < objective < 1.
    """
    error_budget(objective)  # refuses what is no objective, without events too
    good, total = ledger.counts(period_seconds, watermark)
    seen = expected.seen(watermark)
    events = expected.events(total, period_seconds, watermark) if period_seconds > seen else total
    remaining = None
    if total and (expected.minutes or can_tell(total - good, events, objective)):
        remaining = budget_remaining((total - good) / events, objective)
    results: list[WindowEvaluation] = []
    for label, seconds in windows(period_seconds, more):
        own = seconds == period_seconds
        window_good, window_total = (good, total) if own else ledger.counts(seconds, watermark)
        if not window_total:
            results.append(WindowEvaluation(label, seconds, 0.0, None, None, None))
            continue
        bad = window_total - window_good
        if seconds > seen:  # asked only where needed: a call takes a tenth of `evaluate`
            window_total = expected.events(window_total, seconds, watermark)
        ratio = bad / window_total
        burn = burn_rate(ratio, objective)
        exhaustion = None
        if remaining is not None:
            exhaustion = exhaustion_seconds(remaining, burn, period_seconds)
        results.append(WindowEvaluation(label, seconds, bad, ratio, burn, exhaustion))
    return Evaluation(objective, watermark, good, total, remaining, tuple(results))


def can_tell(bad: float, events: float, objective: float) -> bool:
    """Not from one bad event, where the whole budget is less than one."""
    return not 0 < bad < MIN_BAD_EVENTS or events * error_budget(objective) >= 1
