import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.sli import invocation_counts, invocation_minutes

COUNT = st.integers(0, 10**9).map(float)
MINUTES = st.dictionaries(st.integers(0, 20).map(lambda n: n * 60), COUNT, max_size=8)


@pytest.mark.parametrize(
    ("counts", "good", "total"),
    [
        ((10, 0, 0, 0), 10, 10),
        ((10, 2, 0, 0), 8, 10),
        ((10, 0, 2, 1), 7, 10),
        ((10, 2, 2, 0), 8, 10),  # the same two events, counted twice
        ((10, 2, 3, 1), 6, 10),
        ((0, 3, 0, 0), 0, 3),  # the invocations were in an earlier minute
        ((0, 0, 0, 0), 0, 0),
    ],
)
def test_bad_events_are_the_larger_of_failed_and_dead_lettered(
    counts: tuple[float, float, float, float], good: float, total: float
) -> None:
    assert invocation_counts(*counts) == (good, total)


@given(COUNT, COUNT, COUNT, COUNT)
def test_good_is_never_negative_and_never_more_than_total(
    invocations: float, failed: float, dead_lettered: float, lost: float
) -> None:
    good, total = invocation_counts(invocations, failed, dead_lettered, lost)
    assert 0 <= good <= total
    assert total - good == max(failed, dead_lettered + lost)


@given(MINUTES, MINUTES, MINUTES, MINUTES)
def test_every_minute_in_which_anything_happened_is_counted_once(
    invocations: dict[int, float],
    failed: dict[int, float],
    dead_lettered: dict[int, float],
    lost: dict[int, float],
) -> None:
    minutes = invocation_minutes(invocations, failed, dead_lettered, lost)
    assert set(minutes) == {*invocations, *failed, *dead_lettered, *lost}
    assert list(minutes) == sorted(minutes)
    bad = math.fsum(total - good for good, total in minutes.values())
    assert bad >= math.fsum(failed.values())


def test_a_metric_without_a_point_counts_as_zero_in_that_minute() -> None:
    assert invocation_minutes({60: 5.0}, {}, {60: 1.0, 120: 2.0}, {}) == {
        60: (4.0, 5.0),
        120: (0.0, 2.0),
    }
