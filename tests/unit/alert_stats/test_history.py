"""Spans of time and firings: what is one, what is several."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from obs.alert_stats.history import Firing, Span, joined, length, pauses, union, without

MOMENTS = st.integers(0, 60).map(float)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8)


def seconds_in(spans: list[Span] | tuple[Span, ...]) -> set[float]:
    """The whole seconds that spans contain."""
    return {float(at) for begin, end in spans for at in range(int(begin), int(end))}


@given(SPANS)
def test_a_union_contains_the_same_moments_once_and_in_order(spans: list[Span]) -> None:
    found = union(spans)
    assert seconds_in(found) == seconds_in(spans)
    assert length(found) == len(seconds_in(spans))
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


@given(st.tuples(MOMENTS, MOMENTS), SPANS)
def test_what_is_left_of_a_span_is_what_the_others_do_not_contain(
    span: Span, removed: list[Span]
) -> None:
    left = without(span, union(removed))
    assert seconds_in(left) == seconds_in([span]) - seconds_in(removed)


def fired(begin: float, end: float, *, held: float | None = None, on: str = "a") -> Firing:
    return Firing((("alertname", "X"), ("object", on)), begin, end, held)


def test_two_replicas_that_saw_one_alert_make_one_firing() -> None:
    (found,) = joined([fired(100, 200), fired(130, 230)], (), 30)
    assert (found.begin, found.end) == (100, 230)
    assert len(joined([fired(100, 200), fired(130, 230, on="b")], (), 30)) == 2


def test_a_firing_goes_on_after_a_gap_in_which_nothing_was_evaluated() -> None:
    gaps = ((200.0, 900.0),)
    (found,) = joined([fired(100, 200), fired(930, 1000)], gaps, 60)
    assert (found.begin, found.end) == (100, 1000)
    later = joined([fired(100, 200), fired(1200, 1300, held=100)], gaps, 60)
    assert len(later) == 2
    (restored,) = joined([fired(100, 200), fired(1200, 1300, held=1150)], gaps, 60)
    assert restored.end == 1300
    assert len(joined([fired(50, 100), fired(930, 1000)], gaps, 60)) == 2  # it had resolved before


@given(st.lists(st.tuples(MOMENTS, MOMENTS, st.sampled_from("ab")), max_size=10))
def test_firings_of_an_object_never_overlap_and_keep_their_moments(
    drawn: list[tuple[float, float, str]],
) -> None:
    given_ = [fired(begin, end, on=on) for begin, end, on in drawn if begin < end]
    found = joined(given_, (), 0)
    for on in "ab":
        own = [(each.begin, each.end) for each in found if each.label("object") == on]
        before = [(each.begin, each.end) for each in given_ if each.label("object") == on]
        assert tuple(own) == union(before)
    assert all(pause > 0 for pause in pauses(found))
