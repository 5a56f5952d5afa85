"""What an SLO promised and reached in a period of the calendar, and what that cost."""

from dataclasses import dataclass

from obs.slo.burn import error_budget
from obs.slo.history import History
from obs.slo.periods import Day, Period
from obs.slo.tiers import MIN_BAD_EVENTS
from obs.slo.windows import MINUTE


@dataclass(frozen=True, slots=True)
class DayAccount:
    """A day. `known` is the share of it that is known: 0 of one that is still to come.

    `missing`: minutes without data of an SLO that counts minutes; they count as good. `spent`: the
    share of the period's error budget; None where that cannot be told.
    """

    day: Day
    known: float
    bad: float
    total: float
    missing: float
    spent: float | None

    @property
    def reached(self) -> float | None:
        """Share of good events; None without events."""
        return 1 - self.bad / (self.total + self.missing) if self.total else None


@dataclass(frozen=True, slots=True)
class PeriodAccount:
    """A period, between `known_from` and `known_until` (Unix seconds, None where nothing is known).

    `budget` is how many events may be bad from `known_from` to the period's end, of one that has
    not ended as many as are expected if events go on to come as they did. `spent` is the share of
    it that is spent: above 1 when overspent, None without events or with too few to tell.
    `maintenance`: seconds of what is known in which events did not count.
    """

    period: Period
    so_far: bool
    known_from: float | None
    known_until: float | None
    bad: float
    total: float
    missing: float
    budget: float | None
    spent: float | None
    days: tuple[DayAccount, ...]
    maintenance: float = 0.0

    @property
    def reached(self) -> float | None:
        """Share of good events; None without events."""
        return 1 - self.bad / (self.total + self.missing) if self.total else None

    @property
    def complete(self) -> bool:
        """Whether all of it is known, up to now where it has not ended."""
        begins = self.known_from is not None and self.known_from <= self.period.start
        return begins and (self.so_far or self.known_until == self.period.end)


def account(history: History, objective: float, period: Period, now: float) -> PeriodAccount:
    """The account of a period at `now` (Unix seconds) for an objective (ratio).

    Raises ValueError unless 0 < objective < 1.
    """
    so_far = period.end > now
    known = _known(history, period.start, period.end)
    if known is None:
        error_budget(objective)
        empty = tuple(_day(history, day, None) for day in period.days)
        return PeriodAccount(period, so_far, None, None, 0.0, 0.0, 0.0, None, None, empty)
    counts = [_counts(history, day) for day in period.days]
    bad, total = (sum(each) for each in zip(*counts, strict=True))
    whole = (known[0], period.end) if so_far else known
    budget = _events(history, total, known, whole) * error_budget(objective) or None
    few = not history.minutes and 0 < bad < MIN_BAD_EVENTS and (budget or 0) < 1
    days = tuple(_day(history, day, None if few else budget) for day in period.days)
    spent = None if budget is None or few else bad / budget
    missing = _missing(history, total, known)
    out = history.maintenance.seconds(*known)
    return PeriodAccount(period, so_far, *known, bad, total, missing, budget, spent, days, out)


def _day(history: History, day: Day, budget: float | None) -> DayAccount:
    bad, total = _counts(history, day)
    known = _known(history, day.start, day.end)
    return DayAccount(
        day,
        (known[1] - known[0]) / (day.end - day.start) if known else 0.0,
        bad,
        total,
        _missing(history, total, known) if known else 0.0,
        bad / budget if budget else None,
    )


def _known(history: History, start: float, end: float) -> tuple[float, float] | None:
    if history.known_from is None or history.known_until is None:
        return None
    known = max(start, history.known_from), min(end, history.known_until)
    return known if known[0] < known[1] else None


def _counts(history: History, day: Day) -> tuple[float, float]:
    steps = history.between(day.start, day.end)
    part = slice(steps.start, steps.stop)
    return sum(history.bad[part]), sum(history.total[part])


def _missing(history: History, total: float, known: tuple[float, float]) -> float:
    return max(history.counted(*known) / MINUTE - total, 0.0) if history.minutes else 0.0


def _events(
    history: History, total: float, known: tuple[float, float], whole: tuple[float, float]
) -> float:
    """Events of the `whole` span, of which `total` were in the `known` part; 0 without any."""
    if not total:
        return 0.0
    seconds = history.counted(*whole)
    if history.minutes:
        return max(total, seconds / MINUTE)
    return total * seconds / max(history.counted(*known), MINUTE)
