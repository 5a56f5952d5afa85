from hypothesis import given
from hypothesis import strategies as st

from obs.slo.minutes import Minute, MinuteShare


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
