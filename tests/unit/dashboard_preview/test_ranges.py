"""Time ranges and steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_preview.ranges import aligned, duration_seconds, moment, steps, time_range
from obs.errors import BadInput

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("now", NOW),
        ("now-6h", NOW - 21_600),
        ("now-7d", NOW - 604_800),
        ("now+1m", NOW + 60),
        ("1699999000000", 1_699_999_000.0),
    ],
)
def test_a_moment_is_relative_or_in_milliseconds(text: str, seconds: float) -> None:
    assert moment(text, NOW) == seconds


@pytest.mark.parametrize("text", ["yesterday", "", "now-", "-5", "now-1h; drop", "9" * 40])
def test_any_other_moment_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        moment(text, NOW)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadInput, match="ends before it begins"):
        time_range("now", "now-1h", NOW)


@pytest.mark.parametrize(
    ("seconds", "points", "step", "rate"),
    [
        (3_600, 1_000, 15, 60),  # the scrape interval is the least
        (21_600, 1_000, 20, 60),
        (86_400, 600, 120, 135),
        (604_800, 600, 900, 915),
    ],
)
def test_steps_are_those_grafana_takes(
    seconds: float, points: int, step: float, rate: float
) -> None:
    found = steps(seconds, points, None, 15)
    assert (found.step, found.rate_interval) == (step, rate)


def test_a_panel_s_own_least_step_stands_for_the_scrape_interval() -> None:
    found = steps(3_600, 1_000, duration_seconds("1m"), 15)
    assert (found.step, found.rate_interval) == (60, 240)


@given(st.floats(1, 1e9), st.integers(1, 10_000))
def test_prometheus_is_never_asked_for_more_points_than_it_gives(
    seconds: float, points: int
) -> None:
    found = steps(seconds, points, None, 15)
    assert seconds / found.step <= 11_000
    assert found.rate_interval >= 4 * 15


def test_points_stay_where_they_are_while_time_passes() -> None:
    first = aligned(time_range("now-1h", "now", NOW), 60)
    second = aligned(time_range("now-1h", "now", NOW + 15), 60)
    assert {(each % 60) for each in (*first, *second)} == {0}
