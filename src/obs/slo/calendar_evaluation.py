"""An SLO over a period of the calendar, at one moment of it.

The budget is that of the whole period, up to its end: of minutes it is known beforehand, of events
it is what the period will have had if they go on to come as they did. When a period ends, the next
one begins with a whole budget. The windows of burn rates take no notice of that: what burns, burns.
"""

from math import inf
from typing import NamedTuple

from obs.slo.burn import budget_remaining, burn_rate, error_budget, exhaustion_seconds
from obs.slo.counting import BudgetPeriod
from obs.slo.evaluate import Evaluation, WindowEvaluation, can_tell
from obs.slo.expected import ALL_SEEN, Expected
from obs.slo.ledger import Ledger
from obs.slo.windows import MINUTE, Window, windows


def evaluate_calendar(
    ledger: Ledger,
    objective: float,
    nominal_seconds: float,
    period: BudgetPeriod,
    *,
    watermark: float,
    expected: Expected = ALL_SEEN,
    more: tuple[int, ...] = (),
) -> Evaluation:
    """Evaluate an objective (ratio) in the calendar period of the watermark (Unix seconds).

    Its own window is the period so far. Its windows of burn rates are those of a rolling window of
    `nominal_seconds`, and `more` of its own tiers. A time to exhaustion is infinite where the
    period ends before. Raises ValueError unless 0 < objective < 1.
    """
    error_budget(objective)
    until = watermark // MINUTE * MINUTE
    so_far = max(until - period.start, 0.0)
    good, total = ledger.counts(so_far, until) if so_far else (0.0, 0.0)
    bad = total - good
    remaining = _remaining((bad, total), objective, period, until, expected)
    ends = _End(objective, remaining, _length(period, expected), period.end - until)
    results: list[WindowEvaluation] = []
    for of in windows(nominal_seconds, more):
        if of.seconds != nominal_seconds:
            of_good, of_total = ledger.counts(of.seconds, watermark)
            events = expected.events(of_total, of.seconds, watermark)
            results.append(_window(of, of_total - of_good, events, ends))
    own = Window(period.label, int(so_far))
    events = expected.whole(total, period.start, until, until) if total else 0.0
    results.append(_window(own, bad, events, ends))
    return Evaluation(objective, watermark, good, total, remaining, tuple(results), period.end)


class _End(NamedTuple):
    """What it takes to tell when a budget is exhausted: `length` of the period and what is left
    of it, in seconds.
    """

    objective: float
    remaining: float | None
    length: float
    left: float


def _length(period: BudgetPeriod, expected: Expected) -> float:
    out = expected.maintenance.seconds(period.start, period.end)
    return period.end - period.start - out


def _remaining(
    events: tuple[float, float],
    objective: float,
    period: BudgetPeriod,
    until: float,
    expected: Expected,
) -> float | None:
    """Nothing is spent where nothing happened yet; None before the SLO's events are known.

    `events` are bad ones, and all.
    """
    bad, total = events
    if not total:
        return 1.0 if expected.since <= until and period.start <= until else None
    whole = expected.whole(total, period.start, period.end, until)
    if not (expected.minutes or can_tell(bad, whole, objective)):
        return None
    return budget_remaining(bad / whole, objective)


def _window(of: Window, bad: float, events: float, ends: _End) -> WindowEvaluation:
    if not events:
        return WindowEvaluation(of.label, of.seconds, 0.0, None, None, None)
    ratio = bad / events
    burn = burn_rate(ratio, ends.objective)
    exhaustion = None
    if ends.remaining is not None:
        exhaustion = exhaustion_seconds(ends.remaining, burn, ends.length)
        exhaustion = exhaustion if exhaustion < ends.left else inf
    return WindowEvaluation(of.label, of.seconds, bad, ratio, burn, exhaustion)
