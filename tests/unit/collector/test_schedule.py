import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.collector.schedule import (
    JITTER,
    LONGEST_PAUSE,
    seconds_to_next_poll,
    seconds_to_next_push,
)

intervals = st.floats(0.1, 3600)


@given(intervals, st.floats(0, 0.999))
def test_a_healthy_source_is_polled_once_an_interval_give_or_take_the_jitter(
    interval: float, chance: float
) -> None:
    wait = seconds_to_next_poll(interval, 0, lambda: chance)
    assert abs(wait - interval) <= interval * JITTER / 2 + 1e-9


def test_waits_double_with_each_failure_up_to_the_longest() -> None:
    waits = [seconds_to_next_poll(15, failures, lambda: 0.5) for failures in range(7)]
    assert waits == [15, 15, 30, 60, 75, 75, 75]


@given(intervals, st.integers(0, 10_000))
def test_a_source_that_failed_long_is_still_polled_within_a_bounded_time(
    interval: float, failures: int
) -> None:
    assert seconds_to_next_poll(interval, failures, lambda: 0.999) <= max(5 * interval, 60) * 1.05


@pytest.mark.parametrize(
    ("took", "asked", "wait"),
    [
        (0.5, None, 29.5),
        (10.0, None, 20.0),
        (30.0, None, 30.0),
        (70.0, None, 20.0),  # two pushes are left out
        (0.5, 0.0, 29.5),
        (0.5, 12.0, 29.5),
        (0.5, 90.0, 90.0),
        (0.5, 999_999_999.0, LONGEST_PAUSE),
    ],
)
def test_pushes_keep_their_times_and_a_pause_that_is_asked_for_within_reason(
    took: float, asked: float | None, wait: float
) -> None:
    assert seconds_to_next_push(30.0, took, asked) == wait


def test_an_interval_beyond_the_longest_pause_stays() -> None:
    assert seconds_to_next_push(3600.0, 0.0, 999_999_999.0) == 3600.0
