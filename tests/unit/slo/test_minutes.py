from hypothesis import given
from hypothesis import strategies as st

from obs.slo.minutes import Minute, MinuteCounts, MinuteShare


def test_a_minute_is_given_once_it_is_over_with_its_share_of_good_observations() -> None:
    share = MinuteShare()
    assert [share.observe(at, good) for at, good in ((120, True), (135, False), (150, True))] == [
        []
    ] * 3
    assert share.observe(180, True) == [Minute(120, 2 / 3, 1.0)]


def test_a_minute_without_an_observation_for_long_is_not_an_event() -> None:
    share = MinuteShare()
    share.observe(0, True)
    assert share.observe(600, True) == [Minute(0, 1.0, 1.0)]
    assert share.observe(660, True) == [Minute(600, 1.0, 1.0)]


def test_a_minute_between_two_polls_is_as_good_as_they_are() -> None:
    """Or a poll every two minutes would see half of an outage."""
    share = MinuteShare()
    share.observe(0, False)
    assert share.observe(120, False) == [Minute(0, 0.0, 1.0), Minute(60, 0.0, 1.0)]
    assert share.observe(240, True) == [Minute(120, 0.0, 1.0), Minute(180, 0.5, 1.0)]


def test_a_clock_set_back_a_little_keeps_the_minute_and_set_back_far_starts_again() -> None:
    share = MinuteShare()
    share.observe(1200, True)
    assert share.observe(1190, False) == []
    assert share.observe(60, True) == [Minute(1200, 0.5, 1.0)]
    assert share.observe(120, True) == [Minute(60, 1.0, 1.0)]


@given(st.lists(st.booleans(), min_size=1, max_size=200), st.floats(1, 30))
def test_good_time_is_the_share_of_good_observations(observations: list[bool], step: float) -> None:
    share = MinuteShare()
    seen = [m for i, good in enumerate(observations) for m in share.observe(i * step, good)]
    seen += share.observe(len(observations) * step + 1e6, True)
    assert [minute for minute in seen if not 0 <= minute.good <= minute.total == 1] == []
    assert (sum(minute.good for minute in seen) == 0) == (not any(observations))


def test_counts_of_a_minute_are_what_the_counters_rose_by() -> None:
    counts = MinuteCounts()
    assert counts.observe(0, 100, 5) is None
    assert counts.observe(30, 110, 6) is None
    assert counts.observe(60, 112, 6) == Minute(0, 9.0, 10.0)
    assert counts.observe(120, 112, 6) == Minute(60, 2.0, 2.0)


def test_a_restart_in_the_middle_of_a_minute_loses_and_doubles_nothing() -> None:
    counts = MinuteCounts()
    counts.observe(0, 100, 0)
    counts.observe(30, 110, 0)
    counts.observe(60, 115, 0)  # ends the first minute: up to 110 is given
    again = MinuteCounts(counts.state)
    again.observe(95, 120, 1)
    assert again.observe(120, 130, 1) == Minute(60, 9.0, 10.0)


def test_a_consumer_created_again_counts_from_zero() -> None:
    counts = MinuteCounts()
    counts.observe(0, 100, 5)
    counts.observe(30, 7, 0)
    assert counts.observe(60, 7, 0) == Minute(0, 7.0, 7.0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=2, max_size=60))
def test_every_event_is_in_exactly_one_minute(steps: list[tuple[int, int]]) -> None:
    counts, events, bad = MinuteCounts(), 0, 0
    minutes: list[Minute | None] = []
    for poll, (more, more_bad) in enumerate(steps):
        events, bad = events + more, bad + min(more, more_bad)
        minutes.append(counts.observe(poll * 20, events, bad))
    minutes.append(counts.observe(len(steps) * 20 + 60, events, bad))
    first_events, first_bad = steps[0][0], min(steps[0])
    assert sum(m.total for m in minutes if m) == events - first_events
    assert sum(m.total - m.good for m in minutes if m) == bad - first_bad
