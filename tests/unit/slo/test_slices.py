"""Time slices: minutes that had enough good events."""

from hypothesis import given
from hypothesis import strategies as st

from obs.slo.cumulative import Counts
from obs.slo.slices import Slices

START = 1_800_000_000 // 900 * 900

events = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(
    lambda pair: (float(min(pair)), float(max(pair)))
)
minutes = st.dictionaries(
    st.integers(0, 59).map(lambda minute: START + 60 * minute), events, max_size=60
)
lengths = st.sampled_from([60, 300, 900])
shares = st.floats(0.01, 1.0)


def test_a_slice_is_judged_once_it_is_over_and_as_a_whole() -> None:
    slices = Slices(300, 0.99)
    early = slices.update({START: (0.0, 1.0)}, START + 240)
    assert early == {}
    rest = {START + 60: (199.0, 199.0)}
    found = slices.update(rest, START + 300)
    assert found == {START + 60 * minute: (1.0, 1.0) for minute in range(5)}


def test_a_late_failure_changes_a_slice_that_is_over() -> None:
    slices = Slices(60, 0.99)
    assert slices.update({START: (100.0, 100.0)}, START + 60) == {START: (1.0, 1.0)}
    assert slices.update({START: (98.0, 100.0)}, START + 120) == {START: (0.0, 1.0)}


def test_a_slice_that_only_quiet_minutes_complete_is_judged_too() -> None:
    slices = Slices(300, 0.5)
    assert slices.update({START: (1.0, 1.0)}, START + 60) == {}
    assert len(slices.update({}, START + 300)) == 5


def test_a_slice_without_events_is_no_minutes() -> None:
    assert Slices(300, 0.99).update({START: (0.0, 0.0)}, START + 300) == {START: (0.0, 0.0)}


def test_the_share_itself_is_enough_in_decimals_too() -> None:
    assert Slices(60, 0.999).update({START: (999.0, 1000.0)}, START + 60)[START] == (1.0, 1.0)


@given(minutes, lengths, shares)
def test_slices_are_bounded_by_minutes_and_do_not_depend_on_when_polls_were(
    seen: dict[int, Counts], length: int, share: float
) -> None:
    until = START + 3600
    at_once = Slices(length, share).update(seen, until)
    one_by_one = Slices(length, share)
    found: dict[int, Counts] = {}
    for minute in range(START, until, 60):
        of_minute = {minute: seen[minute]} if minute in seen else {}
        found |= one_by_one.update(of_minute, minute + 60)
    for good, total in at_once.values():
        assert total in (0.0, 1.0)
        assert 0.0 <= good <= total
    assert _with_events(found) == _with_events(at_once)
    restarted = Slices(length, share, one_by_one.minutes)
    assert restarted.update({}, until) == at_once or not seen


def _with_events(found: dict[int, Counts]) -> dict[int, Counts]:
    return {start: counts for start, counts in found.items() if counts[1]}


@given(minutes, lengths, shares)
def test_minutes_of_the_past_are_judged_as_those_of_polls(
    seen: dict[int, Counts], length: int, share: float
) -> None:
    lived = Slices(length, share).update(seen, START + 3600)
    past = Slices(length, share).of_history(60, seen)
    assert {start: past[start] for start in past} == {
        start: lived[start] for start in seen if lived[start][1]
    }
