from obs.lag.history import SequenceTimes
from obs.snapshot import Stream, StreamConfig


def stream(
    last: int, at: float | None, first: int = 1, first_time: float | None = 0.0, created: str = "a"
) -> Stream:
    return Stream("$G", "S", created, StreamConfig(), 1, 1, first, last, first_time, at, 1)


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


def test_a_server_whose_clock_is_an_hour_ahead_is_understood() -> None:
    times = SequenceTimes()
    for poll in range(1, 20):
        now = 15.0 * poll
        times.observe(stream(15 * poll, now + 3_600, first_time=3_600.0), now, 1.0)
    assert abs(times.lookup(1)[0]) <= 15
    assert abs(times.lookup(100)[0] - 100) <= 16


def test_a_server_whose_clock_is_an_hour_behind_is_understood() -> None:
    times = SequenceTimes()
    for poll in range(1, 20):
        now = 15.0 * poll
        times.observe(stream(15 * poll, now - 3_600, first_time=-3_600.0), now, 1.0)
    assert abs(times.lookup(1)[0]) <= 15
    assert abs(times.lookup(100)[0] - 100) <= 16
