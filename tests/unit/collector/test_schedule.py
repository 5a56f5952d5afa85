from hypothesis import given
from hypothesis import strategies as st

from obs.collector.schedule import JITTER, seconds_to_next_poll

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
