import pytest

from obs.lag.history import SequenceTimes
from obs.snapshot.assets import Stream, StreamConfig


def stream(
    last: int,
    at: float | None,
    first: int = 1,
    first_time: float | None = 0.0,
    created: str = "a",
    clock_ahead: float = 0.0,
    *,
    mirrors: bool = False,
) -> Stream:
    return Stream(
        "$G", "S", created, StreamConfig(mirrors=mirrors), 1, 1, first, last, first_time, at, 1,
        clock_ahead=clock_ahead,
    )  # fmt: skip


def test_the_first_and_the_last_message_are_exact() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0, first=41, first_time=40.0), 110.0, 1.0)
    assert times.lookup(41) == (40.0, 0.0)
    assert times.lookup(100) == (99.0, 0.0)


def test_what_the_stream_no_longer_holds_is_as_old_as_its_first_message() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    times.observe(stream(120, 124.0, first=90, first_time=89.0), 125.0, 1.0)
    assert times.lookup(3) == (89.0, 0.0)


def test_before_its_history_a_message_lies_between_the_first_and_what_is_known() -> None:
    times = SequenceTimes()
    times.observe(stream(101, 100.0, first=1, first_time=0.0), 110.0, 1.0)
    assert times.lookup(26) == (25.0, 75.0)


def test_what_arrived_after_the_poll_has_its_time() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    assert times.lookup(101) == (110.0, 0.0)


def test_an_emptied_stream_has_no_old_messages() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    times.observe(stream(100, None, first=101, first_time=None), 125.0, 1.0)
    assert times.lookup(50) == (125.0, 0.0)


def test_a_recreated_stream_starts_anew() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    times.observe(stream(5, 124.0, first_time=121.0, created="b"), 125.0, 1.0)
    assert times.lookup(5) == (124.0, 0.0)


def test_a_leader_a_little_behind_is_waited_for() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    times.observe(stream(98, 97.0), 125.0, 1.0)
    times.observe(stream(110, 139.0), 140.0, 1.0)
    assert times.lookup(100) == (99.0, 0.0)


def test_a_stream_that_stays_behind_lost_messages_and_starts_anew() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 99.0), 110.0, 1.0)
    for poll in range(3):
        times.observe(stream(50 + poll, 120.0 + 15 * poll), 125.0 + 15 * poll, 1.0)
    assert times.lookup(52) == (150.0, 0.0)


@pytest.mark.parametrize("ahead", [3_600.0, 90.0, -90.0, -3_600.0])
def test_a_server_whose_clock_is_off_is_understood_from_the_first_poll_on(ahead: float) -> None:
    times = SequenceTimes()
    times.observe(stream(10, 20 + ahead, 1, 5 + ahead, clock_ahead=ahead), 300.0, 1.0)
    assert times.lookup(1) == (5.0, 0.0)
    assert times.lookup(10) == (20.0, 0.0)
    for poll in range(1, 20):
        now = 300 + 15.0 * poll
        seen = stream(10 + 15 * poll, now + ahead, 1, 5 + ahead, clock_ahead=ahead)
        times.observe(seen, now, 1.0)
    assert abs(times.lookup(110)[0] - 400) <= 16


@pytest.mark.parametrize("step", [90.0, -90.0])
def test_what_was_learnt_stays_when_the_clock_of_an_idle_server_is_set(step: float) -> None:
    times = SequenceTimes()
    times.observe(stream(10, 20.0, 1, 5.0), 30.0, 1.0)
    times.observe(stream(10, 20.0, 1, 5.0, clock_ahead=step), 45.0, 1.0)
    assert times.lookup(1) == (5.0, 0.0)
    assert times.lookup(10) == (20.0, 0.0)
    assert times.arrival(10, 20.0) == 20.0


def test_messages_stamped_before_the_clock_was_set_are_bounded_by_the_polls() -> None:
    times = SequenceTimes()
    times.observe(stream(10, 20.0, 1, 5.0), 30.0, 1.0)
    times.observe(stream(20, 40.0, 1, 5.0, clock_ahead=90.0), 45.0, 1.0)  # 40, not 130
    assert times.lookup(20) == (30.0, 0.0)
    times.observe(stream(20, 40.0, 15, 37.0, clock_ahead=90.0), 60.0, 1.0)
    assert 20 <= times.lookup(15)[0] <= 45


@pytest.mark.parametrize("step", [5.0, -3.0, 90.0])
def test_what_is_older_than_the_polls_was_stamped_before_the_clock_was_set(step: float) -> None:
    times = SequenceTimes()
    times.observe(stream(100, 109.0, first_time=50.0, clock_ahead=10.0), 100.0, 1.0)
    times.observe(stream(101, 111.0 + step, first_time=50.0, clock_ahead=10.0 + step), 101.5, 1.0)
    assert times.arrival(40, 70.0) == 60.0
    times = SequenceTimes(times.to_state())
    assert times.arrival(40, 70.0) == 60.0


def test_a_clock_of_the_collector_that_was_set_changes_no_age() -> None:
    times = SequenceTimes()
    times.observe(stream(10, 20.0, 1, 5.0), 30.0, 1.0)
    times.observe(stream(20, 40.0, 1, 5.0, clock_ahead=-600.0), 45.0, 1.0, forward=600.0)
    assert times.lookup(1) == (5.0, 0.0)
    assert times.lookup(20) == (40.0, 0.0)


def test_a_mirror_keeps_the_times_of_its_origin_while_it_fills() -> None:
    times = SequenceTimes()
    times.observe(stream(100, 100.0, 1, 0.0, mirrors=True), 7_200.0, 1.0)
    times.observe(stream(600, 3_600.0, 1, 0.0, mirrors=True), 7_215.0, 1.0)
    assert times.lookup(100) == (100.0, 0.0)
    assert times.lookup(600) == (3_600.0, 0.0)
    estimate, off = times.lookup(350)
    assert (estimate, off) == (1_850.0, 1_750.0)
    times.observe(stream(600, 3_600.0, 90, 89.0, mirrors=True), 7_230.0, 1.0)
    assert times.lookup(5) == (89.0, 0.0)  # so is its eviction by age


def test_a_mirror_that_was_empty_is_filled_with_what_is_older_than_it() -> None:
    times = SequenceTimes()
    times.observe(stream(0, None, first=0, first_time=None, mirrors=True), 100.0, 1.0)
    times.observe(stream(47, 99.5, first=1, first_time=60.0, mirrors=True), 100.5, 1.0)
    assert times.lookup(1) == (60.0, 0.0)
    assert times.lookup(47) == (99.5, 0.0)
