"""Counters that neither fall, jump nor count twice."""

from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from obs.slo.totals import HORIZON_SECONDS, CumulativeTotal, TotalState

START = 1_800_000_000
MINUTE = 60


def counter() -> CumulativeTotal:
    return CumulativeTotal(START)


def restored(total: CumulativeTotal) -> CumulativeTotal:
    state = total.changed()
    assert state is not None
    return CumulativeTotal.restored(state)


def test_a_new_counter_is_zero() -> None:
    assert counter().total == 0


def test_points_add_up() -> None:
    total = counter()
    assert total.update({START: 3, START + 60: 4}) == 7
    assert total.total == 7


def test_a_point_seen_again_counts_once() -> None:
    total = counter()
    total.update({START: 3})
    assert total.update({START: 3}) == 0
    assert total.total == 3


def test_history_before_the_start_is_counted_already() -> None:
    total = counter()
    assert total.update({START - 60: 1_000, START: 1}) == 1
    assert total.update({START - 60: 2_000}) == 0


def test_a_late_point_counts() -> None:
    total = counter()
    total.update({START + 3600: 1})
    assert total.update({START: 5}) == 5


def test_an_upward_correction_adds_its_difference() -> None:
    total = counter()
    total.update({START: 3})
    assert total.update({START: 10}) == 7


def test_a_downward_correction_is_deducted_from_later_increments() -> None:
    total = counter()
    total.update({START: 10})
    assert total.update({START: 4}) == 0
    assert total.update({START + 60: 5}) == 0
    assert total.update({START + 120: 5}) == 4
    assert total.total == 14


def test_a_correction_down_and_up_again_changes_nothing() -> None:
    total = counter()
    total.update({START: 10})
    total.update({START: 4})
    assert total.update({START: 10}) == 0
    assert total.total == 10


def test_a_point_missing_from_an_answer_keeps_its_value() -> None:
    total = counter()
    total.update({START: 10})
    assert total.update({}) == 0
    assert total.update({START: 10}) == 0
    assert total.total == 10


def test_minutes_still_filling_are_left_for_later() -> None:
    total = counter()
    assert total.update({START: 1, START + 60: 2}, until=START + 60) == 1
    assert total.update({START + 60: 2}, until=START + 120) == 2


def test_points_beyond_the_horizon_are_forgotten_and_never_counted_twice() -> None:
    total = counter()
    total.update({START: 10})
    total.update({START + HORIZON_SECONDS + 60: 1})
    assert total.update({START: 10}) == 0
    assert total.update({START: 99}) == 0
    assert total.update({START + 60: 7}) == 7, "exactly as old as the horizon"


def test_the_horizon_does_not_shrink_when_older_points_follow() -> None:
    total = counter()
    total.update({START + 2 * HORIZON_SECONDS: 1})
    total.update({START + HORIZON_SECONDS: 1})
    assert total.update({START + HORIZON_SECONDS - 60: 1}) == 0


def test_stored_points_are_bounded_by_the_horizon() -> None:
    total = counter()
    for minute in range(1000):
        total.update({START + minute * MINUTE: 1})
    state = total.changed()
    assert state is not None
    assert len(state.values) == HORIZON_SECONDS // MINUTE + 1
    assert total.total == 1000


@pytest.mark.parametrize("value", [-1, float("nan"), inf])
def test_a_value_that_is_no_count_is_refused_and_nothing_is_counted(value: float) -> None:
    total = counter()
    with pytest.raises(ValueError, match="is not a count"):
        total.update({START: 5, START + 60: value})
    assert total.total == 0
    assert total.update({START: 5}) == 5


def test_the_state_is_given_once_until_something_changes() -> None:
    total = counter()
    assert total.changed() == TotalState(0, 0, START, START, {})
    assert total.changed() is None
    total.update({START: 1})
    assert total.changed() == TotalState(1, 0, START, START, {START: 1})
    total.update({START: 1})
    assert total.changed() is None


def test_a_deficit_alone_is_a_change_to_be_written() -> None:
    total = counter()
    total.update({START: 2})
    total.changed()
    total.update({START: 1})
    assert total.changed() == TotalState(2, 1, START, START, {START: 1})


def test_a_restored_counter_has_its_deficit_points_and_start() -> None:
    total = counter()
    total.update({START: 10})
    total.update({START: 4})
    again = restored(total)
    assert again.since == START
    assert again.changed() is None
    assert again.update({START: 4, START + 60: 7}) == 1
    assert again.total == 11


def test_a_crash_before_the_write_counts_the_lost_points_again_and_only_once() -> None:
    total = counter()
    total.update({START: 10})
    saved = total.changed()
    total.update({START: 12, START + 60: 5})
    assert saved is not None
    again = CumulativeTotal.restored(saved)
    again.update({START: 12, START + 60: 5})
    assert again.total == total.total == 17


@given(
    st.lists(
        st.tuples(st.integers(0, 180), st.floats(0, 1e6, allow_nan=False, width=32)), max_size=60
    )
)
def test_fractions_add_up_but_for_rounding(reports: list[tuple[int, float]]) -> None:
    total, highest = counter(), 0.0
    truth: dict[int, float] = {}
    for minute, value in reports:
        truth[START + minute * MINUTE] = value
        total.update(truth)
        highest = max(highest, sum(truth.values()))
    assert isclose(total.total, highest, rel_tol=1e-9, abs_tol=1e-6)


class AnyOrder(RuleBasedStateMachine):
    """Points in any order, repeated, late within the horizon, corrected; restarts in between."""

    def __init__(self) -> None:
        super().__init__()
        self.total = counter()
        saved = self.total.changed()
        assert saved is not None
        self.saved = saved
        self.truth: dict[int, float] = {}
        self.history: dict[int, float] = {}
        self.shown = 0.0
        self.highest = 0.0

    def report(self, points: dict[int, float]) -> None:
        before = self.total.total
        increase = self.total.update(points | self.history)
        assert increase >= 0
        assert self.total.total == before + increase
        self.highest = max(self.highest, sum(self.truth.values()))

    @rule(minute=st.integers(0, 180), value=st.integers(0, 10**6))
    def set_one(self, minute: int, value: float) -> None:
        self.truth[START + minute * MINUTE] = value
        self.report({START + minute * MINUTE: value})

    @rule(data=st.data())
    def answer_in_part_and_again(self, data: st.DataObject) -> None:
        some = data.draw(st.sets(st.sampled_from(sorted(self.truth)))) if self.truth else set()
        self.report({at: self.truth[at] for at in some})

    @rule(minute=st.integers(1, 300), value=st.integers(0, 10**6))
    def see_history(self, minute: int, value: float) -> None:
        self.history[START - minute * MINUTE] = value
        self.report({})

    @rule()
    def restart(self) -> None:
        self.saved = self.total.changed() or self.saved
        self.total = CumulativeTotal.restored(self.saved)

    @invariant()
    def the_total_is_the_highest_sum_there_has_been(self) -> None:
        assert self.total.total == self.highest

    @invariant()
    def the_total_never_falls(self) -> None:
        assert self.total.total >= self.shown
        self.shown = self.total.total


TestAnyOrder = AnyOrder.TestCase


def test_a_beginning_that_was_ahead_is_put_right_while_nothing_was_counted() -> None:
    counter = CumulativeTotal(86_400)
    counter.update({600: 5.0})
    counter.begin_by(600)
    counter.update({540: 7.0, 600: 5.0})
    assert (counter.total, counter.since) == (5.0, 600)
    counter.begin_by(0)
    counter.update({540: 7.0})
    assert (counter.total, counter.since) == (5.0, 600)
