"""Minutes of several SLOs as those of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.composite import combined
from obs.slo.cumulative import Counts

parts = st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0, 7.0])).map(
    lambda pair: (pair[0] * pair[1], pair[1])
)


def test_of_all_a_minute_is_as_good_as_its_worst_part() -> None:
    assert combined([(1.0, 1.0), (3.0, 4.0), (10.0, 10.0)]) == (0.75, 1.0)


def test_weighted_it_is_the_mean_of_the_ratios_whatever_their_traffic() -> None:
    assert combined([(1000.0, 1000.0), (0.0, 1.0)], (3.0, 1.0)) == (0.75, 1.0)


def test_a_part_without_events_says_nothing() -> None:
    assert combined([(0.0, 0.0), (1.0, 2.0)]) == (0.5, 1.0)
    assert combined([(0.0, 0.0), (1.0, 2.0)], (9.0, 1.0)) == (0.5, 1.0)
    assert combined([(0.0, 0.0)], (1.0,)) == (0.0, 0.0)


def test_each_part_needs_its_weight() -> None:
    with pytest.raises(ValueError, match="zip"):
        combined([(1.0, 1.0)], (1.0, 2.0))


@given(st.sampled_from([0.0, 1.0]), st.floats(0, 1), st.floats(0.001, 1000))
def test_a_composite_of_one_part_that_counts_minutes_is_that_part(
    total: float, share: float, weight: float
) -> None:
    part = (share * total, total)
    assert combined([part]) == part
    good, of = combined([part], (weight,))
    assert of == total
    assert good == pytest.approx(part[0])


@given(st.lists(parts, min_size=1, max_size=6), st.data())
def test_the_worst_part_bounds_the_mean(of: list[Counts], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0.01, 100), min_size=len(of), max_size=len(of)))
    worst, minutes = combined(of)
    mean, same = combined(of, tuple(weights))
    assert minutes == same
    assert 0 <= worst <= mean + 1e-9
    assert mean <= minutes
