"""Days and periods of the calendar in time zones."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.periods import PeriodKind, days, periods

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = [
    ZoneInfo(name)
    for name in (
        *("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York"),
        *("America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"),
    )
]
KINDS: tuple[PeriodKind, ...] = ("week", "month", "quarter", "year")
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()


def test_the_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    spring = days(date(2026, 3, 28), date(2026, 3, 31), BERLIN)
    autumn = days(date(2026, 10, 24), date(2026, 10, 27), BERLIN)
    assert [day.hours for day in spring] == [24, 23, 24]
    assert [day.hours for day in autumn] == [24, 25, 24]


def test_a_day_whose_midnight_is_skipped_begins_an_hour_later() -> None:
    santiago = ZoneInfo("America/Santiago")
    changed = days(date(2026, 9, 5), date(2026, 9, 8), santiago)
    assert [day.hours for day in changed] == [24, 23, 24]


def test_a_day_that_the_zone_skipped_is_none() -> None:
    found = days(date(2011, 12, 29), date(2012, 1, 1), ZoneInfo("Pacific/Apia"))
    assert [day.date.day for day in found] == [29, 31]


def test_a_month_in_kolkata_begins_at_half_past_six_in_the_evening_utc() -> None:
    month = periods("month", NOW, KOLKATA, 0)[0]
    assert datetime.fromtimestamp(month.start, UTC) == datetime(2026, 10, 31, 18, 30, tzinfo=UTC)
    assert len(month.days) == 30


def test_the_present_period_is_of_the_zone_and_not_of_utc() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC).timestamp()
    assert periods("month", new_year, BERLIN, 0)[0].key == "2027-01"
    assert periods("month", new_year, ZoneInfo("UTC"), 0)[0].key == "2026-12"


@pytest.mark.parametrize(
    ("kind", "keys", "label"),
    [
        ("month", ["2026-11", "2026-10", "2026-09"], "November 2026"),
        ("quarter", ["2026-Q4", "2026-Q3", "2026-Q2"], "Q4 2026"),
        ("week", ["2026-W48", "2026-W47", "2026-W46"], "week 48 of 2026"),
    ],
)
def test_past_periods_come_after_the_present_one(
    kind: PeriodKind, keys: list[str], label: str
) -> None:
    found = periods(kind, NOW, BERLIN, 2)
    assert [each.key for each in found] == keys
    assert found[0].label == label


@given(
    st.sampled_from(KINDS),
    st.sampled_from(ZONES),
    st.floats(datetime(1990, 1, 1, tzinfo=UTC).timestamp(), 2e9),
    st.integers(0, 5),
)
def test_periods_and_their_days_follow_each_other_without_a_gap(
    kind: PeriodKind, zone: ZoneInfo, now: float, past: int
) -> None:
    found = periods(kind, now, zone, past)
    assert found[0].start <= now < found[0].end
    assert len({each.key for each in found}) == past + 1
    for later, earlier in pairwise(found):
        assert earlier.end == later.start
    for period in found:
        for one, following in pairwise(period.days):
            assert one.end == following.start
            assert one.hours > 0
