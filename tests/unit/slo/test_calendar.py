"""SLOs over periods of the calendar."""

from datetime import UTC, datetime, time
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.calendar_evaluation import evaluate_calendar
from obs.slo.calendar_window import LONGEST_DAYS, CalendarWindow
from obs.slo.counting import Counting
from obs.slo.evaluate import Evaluation
from obs.slo.expected import Expected
from obs.slo.ledger import Ledger
from obs.slo.maintenance import Maintenance, Weekly
from obs.slo.periods import PeriodKind
from obs.slo.windows import DAY, HOUR, MINUTE
from tests.unit.slo.test_maintenance import ZONES

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
KINDS: tuple[PeriodKind, ...] = ("week", "month", "quarter", "year")
MOMENTS = st.integers(
    int(datetime(2012, 6, 1, tzinfo=UTC).timestamp()),
    int(datetime(2031, 1, 1, tzinfo=UTC).timestamp()),
)
OBJECTIVE = 0.99
SUNDAY = frozenset({6})


def at(year: int, month: int, day: int, hour: int = 0, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime(year, month, day, hour, tzinfo=zone).timestamp())


class Lived:
    """An SLO whose minutes are set one after the other."""

    def __init__(
        self,
        kind: PeriodKind = "month",
        zone: ZoneInfo = BERLIN,
        *,
        minutes: bool = True,
        maintenance: Maintenance | None = None,
        start: float = 0.0,
    ) -> None:
        calendar = CalendarWindow(kind, zone)
        nothing = Maintenance()
        self.counting = Counting(
            30 * DAY, "month", calendar=calendar, start=start, maintenance=maintenance or nothing
        )
        self.ledger = Ledger(self.counting.kept_seconds)
        self.minutes = minutes
        self.since = inf

    def live(self, start: int, end: int, good: float, total: float) -> None:
        self.since = min(self.since, max(start, self.counting.start))
        points = dict.fromkeys(range(start, end, MINUTE), (good, total))
        self.ledger.add(MINUTE, self.counting.of_minutes(points))

    def at(self, moment: float) -> Evaluation:
        period = self.counting.period(moment)
        assert period is not None
        expected = Expected(self.minutes, self.since, self.counting.maintenance)
        return evaluate_calendar(
            self.ledger, OBJECTIVE, 30 * DAY, period, watermark=moment, expected=expected
        )


def test_the_budget_of_a_month_over_a_change_of_clocks_is_that_of_its_hours() -> None:
    """March 2026 has 743 hours in Berlin, October 745."""
    for month, hours in ((3, 743), (10, 745)):
        slo = Lived()
        begin, end = at(2026, month, 1), at(2026, month + 1, 1)
        slo.live(begin, begin + HOUR, 0, 1)
        remaining = slo.at(end - MINUTE).budget_remaining
        assert remaining == pytest.approx(1 - 1 / hours / (1 - OBJECTIVE), rel=1e-12)


def test_a_month_in_kolkata_begins_at_half_past_six_in_the_evening_of_utc() -> None:
    slo = Lived(zone=KOLKATA)
    begin = at(2026, 11, 1, zone=KOLKATA)
    assert datetime.fromtimestamp(begin, UTC).isoformat() == "2026-10-31T18:30:00+00:00"
    slo.live(begin - 10 * MINUTE, begin + 5 * MINUTE, 0, 1)
    evaluation = slo.at(begin + 5 * MINUTE)
    assert (evaluation.good, evaluation.total) == (0, 5)
    assert evaluation.budget_remaining == pytest.approx(1 - 5 / (30 * 24 * 60) / 0.01)


def test_the_budget_is_whole_again_when_a_period_begins() -> None:
    slo = Lived()
    end = at(2026, 11, 1)
    slo.live(end - DAY, end, 0, 1)
    before, after = slo.at(end - MINUTE), slo.at(end)
    assert before.budget_remaining is not None
    assert before.budget_remaining < 0
    assert (after.budget_remaining, after.good, after.total) == (1, 0, 0)
    assert after.resets_at == at(2026, 12, 1)
    burns = {each.label: each.burn_rate for each in after.windows}
    assert burns["1h"] == pytest.approx(100)  # what burns, burns
    assert burns["month"] is None


def test_the_own_window_is_the_period_so_far() -> None:
    slo = Lived(minutes=False)
    begin = at(2026, 11, 1)
    slo.live(begin, begin + 10 * DAY, 97, 100)
    evaluation = slo.at(begin + 10 * DAY)
    own = evaluation.windows[-1]
    assert (own.label, own.seconds) == ("month", 10 * DAY)
    assert own.error_ratio == pytest.approx(0.03)
    assert own.burn_rate == pytest.approx(3)
    assert evaluation.budget_remaining == pytest.approx(0, abs=1e-9)  # a third of it, thrice


def test_a_budget_that_outlasts_the_period_is_never_exhausted() -> None:
    slo = Lived(minutes=False)
    begin = at(2026, 11, 1)
    slo.live(begin, begin + 10 * DAY, 995, 1000)
    assert {each.exhaustion_seconds for each in slo.at(begin + 10 * DAY).windows} == {inf}
    slo.live(begin + 10 * DAY, begin + 11 * DAY, 900, 1000)
    own = slo.at(begin + 11 * DAY).windows
    assert next(each for each in own if each.label == "1h").exhaustion_seconds < 20 * DAY  # type: ignore[operator]


def test_a_period_is_cut_at_the_start_of_the_slo() -> None:
    start = at(2026, 11, 16)
    slo = Lived(start=start)
    slo.live(at(2026, 11, 1), start + DAY, 0, 1)
    evaluation = slo.at(start + DAY)
    assert evaluation.total == 24 * 60
    assert evaluation.budget_remaining == pytest.approx(1 - 1 / 15 / 0.01)


def test_before_its_start_nothing_is_told() -> None:
    slo = Lived(start=at(2026, 12, 1))
    slo.live(at(2026, 11, 1), at(2026, 11, 10), 0, 1)
    assert slo.at(at(2026, 11, 10)).budget_remaining is None


def test_maintenance_is_no_part_of_the_budget() -> None:
    weekly = Maintenance([Weekly(SUNDAY, time(2, 7), time(4, 7), BERLIN)])
    slo = Lived(maintenance=weekly)
    begin, end = at(2026, 11, 1), at(2026, 12, 1)  # a Sunday; there are five
    slo.live(begin, begin + DAY, 0, 1)
    evaluation = slo.at(end - MINUTE)
    assert evaluation.total == 22 * 60
    assert evaluation.budget_remaining == pytest.approx(1 - 22 / (720 - 10) / 0.01)


@given(st.sampled_from(KINDS), st.sampled_from(ZONES), MOMENTS)
def test_periods_cover_all_of_time_exactly_once(
    kind: PeriodKind, zone: ZoneInfo, moment: int
) -> None:
    window = CalendarWindow(kind, zone)
    start, end = window.bounds(moment)
    assert start <= moment < end
    assert window.bounds(start) == window.bounds(end - 1) == (start, end)
    assert window.bounds(start - 1)[1] == start
    assert window.bounds(end)[0] == end
    assert end - start <= LONGEST_DAYS[kind] * DAY + HOUR


@given(
    st.sampled_from(KINDS[:2]),
    st.sampled_from(ZONES),
    MOMENTS,
    st.lists(st.integers(0, 40 * 24 * 60 - 1), max_size=20),
)
def test_the_events_of_a_period_are_those_of_its_minutes(
    kind: PeriodKind, zone: ZoneInfo, moment: int, bad: list[int]
) -> None:
    calendar = CalendarWindow(kind, zone)
    start, end = calendar.bounds(moment)
    first = start // DAY * DAY - 4 * DAY
    ledger = Ledger(calendar.kept_seconds)
    minutes = [first + each * MINUTE for each in set(bad)]
    ledger.add(MINUTE, dict.fromkeys(minutes, (0.0, 1.0)))
    ledger.set(max(end, first + 40 * DAY), 1, 1)
    period = Counting(30 * DAY, calendar=calendar).period(moment)
    assert period is not None
    told = evaluate_calendar(ledger, OBJECTIVE, 30 * DAY, period, watermark=end - MINUTE)
    assert told.total == sum(start <= each < end - MINUTE for each in minutes)
