"""Maintenance windows: exactly their minutes, in any time zone."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.local_time import moment
from obs.slo.maintenance import Maintenance, Once, Weekly
from obs.slo.spans import Spans
from obs.slo.windows import DAY, HOUR, MINUTE

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        *("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York"),
        *("America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"),
    )
]
SUNDAY = frozenset({6})
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def at(text: str, zone: ZoneInfo | None = None) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp())


def minutes(maintenance: Maintenance, start: int, end: int) -> float:
    return maintenance.seconds(start, end) / MINUTE


def test_one_that_happens_once_has_exactly_its_minutes() -> None:
    begin, until = datetime(2026, 12, 24, 22, 7), datetime(2026, 12, 25, 6)
    once = Maintenance([Once(begin, until, BERLIN)])
    start = at("2026-12-24T21:07")
    assert once.covers(start)
    assert not once.covers(start - MINUTE)
    assert not once.covers(at("2026-12-25T05:00"))
    assert minutes(once, start - DAY, start + DAY) == 7 * 60 + 53


def test_a_minute_of_which_a_part_is_maintenance_is_maintenance() -> None:
    spans = Spans([(600 + 59, 720 + 1)])
    assert spans.all == ((600, 780),)
    assert [spans.covers(minute) for minute in range(540, 840, 60)] == [
        *(False, True, True, True, False)
    ]


def test_windows_that_overlap_count_once() -> None:
    spans = Spans([(0, 600), (300, 900), (900, 960), (1800, 1800)])
    assert spans.all == ((0, 960),)
    assert spans.seconds(-60, 4000) == 960


def test_a_weekly_one_over_midnight_ends_on_the_next_day() -> None:
    weekly = Maintenance([Weekly(SUNDAY, time(22), time(2), BERLIN)])
    start = at("2026-11-29T22:00", BERLIN)
    assert weekly.spans(start, start).between(start - DAY, start + DAY) == (
        (start, start + 4 * HOUR),
    )


@pytest.mark.parametrize(
    ("day", "begin", "until", "hours"),
    [
        ("2026-03-29", time(1), time(4), 2),  # clocks go from 2:00 to 3:00
        ("2026-03-29", time(2, 30), time(4), 1),  # begins at a time that there is not
        ("2026-10-25", time(1), time(4), 4),  # from 3:00 to 2:00
        ("2026-10-25", time(2), time(2, 30), 1.5),  # both are there twice
    ],
)
def test_when_clocks_change_it_is_as_long_as_clocks_show(
    day: str, begin: time, until: time, hours: float
) -> None:
    weekly = Maintenance([Weekly(SUNDAY, begin, until, BERLIN)])
    start = at(f"{day}T00:00", BERLIN)
    assert weekly.seconds(start, start + DAY) == hours * HOUR


def test_a_time_that_clocks_skip_is_the_moment_at_which_they_do() -> None:
    skipped = moment(datetime(2026, 3, 29, 2, 17), BERLIN)
    assert skipped == at("2026-03-29T01:00")


@given(st.sampled_from(ZONES), st.sets(st.integers(0, 6), min_size=1), CLOCKS, CLOCKS, st.data())
def test_a_recurring_window_covers_the_minutes_that_clocks_show(
    zone: ZoneInfo, days: set[int], begin: time, until: time, data: st.DataObject
) -> None:
    """As quiet hours do, but where clocks are set back: there also what is in between."""
    weekly = Maintenance([Weekly(frozenset(days), begin, until, zone)])
    minute = data.draw(st.integers(at("2012-06-01") // 60, at("2030-01-01") // 60)) * 60
    local = datetime.fromtimestamp(minute, zone)
    today, yesterday, clock = local.weekday(), (local.weekday() - 1) % 7, local.time()
    if begin < until:
        expected = today in days and begin <= clock < until
    else:
        evening = today in days and clock >= begin
        expected = evening or (yesterday in days and clock < until)
    near = {datetime.fromtimestamp(minute + s, zone).utcoffset() for s in range(-DAY, DAY + 1, 900)}
    if len(near) == 1:
        assert weekly.covers(minute) == expected
    elif expected:
        assert weekly.covers(minute)


@given(
    st.lists(st.tuples(st.integers(0, 500_000), st.integers(0, 50_000)), max_size=8),
    st.integers(0, 9000),
    st.integers(0, 9000),
)
def test_the_seconds_are_those_of_the_minutes_covered(
    spans: list[tuple[int, int]], first: int, last: int
) -> None:
    found = Spans([(start, start + length) for start, length in spans])
    covered = [minute for minute in range(first, last) if found.covers(minute * MINUTE)]
    assert found.seconds(first * MINUTE, last * MINUTE) == len(covered) * MINUTE


def test_asking_for_other_years_gives_the_same() -> None:
    weekly = Maintenance([Weekly(SUNDAY, time(2), time(4), BERLIN)])
    sundays = [at("2026-11-29T01:00"), at("2020-05-31T00:00"), at("2033-06-05T00:00")]
    assert [weekly.covers(each) for each in [*sundays, *sundays]] == [True] * 6
