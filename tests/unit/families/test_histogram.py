"""Histograms: classic and exponential buckets of the same values."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from obs.families.histogram import ZERO_THRESHOLD, Histogram, Observations, bucket_of, spans

BOUNDS = (0.1, 1.0, 10.0)


def observed(values: list[float]) -> Histogram:
    observations = Observations(BOUNDS)
    for value in values:
        observations.add(value)
    return observations.histogram()


@given(st.floats(min_value=1e-6, max_value=1e5))
def test_a_bucket_holds_what_is_above_the_one_before_and_not_above_its_own_bound(
    value: float,
) -> None:
    index = bucket_of(value)
    assert 2 ** ((index - 1) / 8) * (1 - 1e-12) <= value <= 2 ** (index / 8) * (1 + 1e-12)


def test_powers_of_two_are_the_bounds_of_their_buckets() -> None:
    assert [bucket_of(2.0**n) for n in (-3, 0, 5)] == [-24, 0, 40]


def test_classic_buckets_are_exact_and_cumulative() -> None:
    found = observed([0.0, 0.1, 0.10001, 1.0, 5.0, 11.0])
    assert (found.classic, found.count, found.zeros) == ((2, 4, 5), 6, 1)


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=50))
def test_every_value_is_in_one_exponential_bucket(values: list[float]) -> None:
    found = observed(values)
    assert found.zeros == sum(value <= ZERO_THRESHOLD for value in values)
    assert found.zeros + sum(number for _, number in found.exponential) == found.count
    runs = [(i + k, n) for i, run in spans(found) for k, n in enumerate(run)]
    assert tuple(runs) == found.exponential


@given(st.lists(st.floats(0, 1e3), max_size=20), st.lists(st.floats(0, 1e3), max_size=20))
def test_what_is_added_up_is_what_was_observed(first: list[float], second: list[float]) -> None:
    both = Observations(BOUNDS)
    both.add_all(observed(first))
    both.add_all(observed(second))
    added, whole = both.histogram(), observed(first + second)
    assert math.isclose(added.sum, whole.sum, abs_tol=1e-9)
    assert (added.count, added.classic, added.exponential) == (
        *(whole.count, whole.classic, whole.exponential),
    )


def test_one_of_other_classic_buckets_keeps_its_count() -> None:
    other = Observations((1.0,))
    other.add(0.5)
    added = Observations(BOUNDS)
    added.add_all(other.histogram())
    assert (added.histogram().count, added.histogram().classic) == (1, (0, 0, 0))


def test_a_quantile_is_off_by_less_than_five_percent() -> None:
    generator = random.Random(1)
    values = sorted(generator.lognormvariate(-2, 1.5) for _ in range(5_000))
    found = observed(values)
    for share in (0.5, 0.95, 0.99):
        true, before = values[int(share * len(values))], found.zeros
        for index, number in found.exponential:
            before += number
            if before > share * len(values):
                assert abs(2 ** ((index - 0.5) / 8) / true - 1) < 0.05
                break
