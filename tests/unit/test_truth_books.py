"""The books of the truth test: what a driver knows gives the range of what is true."""

from math import inf

from tests.truth.clock import WrongClock
from tests.truth.owed import ConsumerTruth, Incarnation, Timeline
from tests.truth.stored import StreamTruth

ACK_WAIT = 2.0


def books() -> tuple[StreamTruth, Incarnation, ConsumerTruth]:
    """Three messages, at 10 s, 11 s and 12 s, each within 0.1 s."""
    stream = StreamTruth("S")
    for seq in (1, 2, 3):
        stream.arrive(seq, "s.a", 9.0 + seq, 9.1 + seq)
    incarnation = Incarnation(0, frozenset(), (1.0, 2.0), ACK_WAIT)
    truth = ConsumerTruth("c", stream, lambda subject: subject == "s.a", [incarnation])
    return stream, incarnation, truth


def test_the_lag_is_the_age_of_the_oldest_message_that_is_not_settled() -> None:
    _, incarnation, truth = books()
    incarnation.settling(1, 13.0)
    incarnation.settle(1, 13.2)
    lag = Timeline(truth, incarnation)
    least, most = lag.seconds(12.5, 12.5)
    assert (round(least, 6), round(most, 6)) == (2.4, 2.5)
    least, most = lag.seconds(13.1, 13.1)
    assert (round(least, 6), round(most, 6)) == (2.0, 3.1), "it may be settled or not"
    least, most = lag.seconds(14.0, 14.0)
    assert (round(least, 6), round(most, 6)) == (2.9, 3.0)
    assert lag.messages(12.5, 12.5) == (3, 3)
    assert lag.messages(13.1, 13.1) == (2, 3)
    assert lag.messages(14.0, 14.0) == (2, 2)


def test_what_is_removed_is_outstanding_no_longer_unless_a_worker_may_hold_it() -> None:
    stream, incarnation, truth = books()
    gone = {"first_seq": 3, "last_seq": 3, "messages": 1}
    stream.look({"first_seq": 1, "last_seq": 3, "messages": 3}, 13.0, 13.1)
    stream.look(gone, 14.0, 14.1)
    incarnation.deliver(2, 12.5)
    lag = Timeline(truth, incarnation)
    assert lag.messages(12.9, 12.9) == (3, 3)
    assert lag.messages(13.5, 13.5) == (1, 3), "removed between the two looks"
    assert lag.messages(15.0, 15.0) == (1, 2), "the one that was delivered may be in flight"
    assert lag.messages(18.0, 18.0) == (1, 1)


def test_what_a_killed_server_may_have_forgotten_is_perhaps_outstanding_again() -> None:
    _, incarnation, truth = books()
    for seq, at in ((1, 12.5), (2, 14.5)):
        incarnation.settling(seq, at)
        incarnation.settle(seq, at)
    incarnation.crash(15.0, memory=2.0)
    lag = Timeline(truth, incarnation)
    assert lag.messages(14.8, 14.8) == (1, 1)
    assert lag.messages(15.5, 15.5) == (1, 2)
    incarnation.floor(2, idle=False, at=16.0)
    assert Timeline(truth, incarnation).messages(16.5, 16.5) == (1, 1)


def test_a_message_whose_last_try_may_be_over_is_perhaps_outstanding() -> None:
    _, incarnation, truth = books()
    incarnation.expires[1] = 14.0
    lag = Timeline(truth, incarnation)
    assert lag.messages(13.9, 13.9) == (3, 3)
    assert lag.messages(14.1, 14.1) == (2, 3)


def test_an_incarnation_has_the_messages_since_its_creation_and_those_it_began_with() -> None:
    stream, _, truth = books()
    later = Incarnation(2, frozenset({1}), (12.5, 12.6), ACK_WAIT, deleted=(15.0, inf))
    lag = Timeline(truth, later)
    assert sorted(owed.seq for owed in lag.owed) == [1, 3]
    assert lag.covers(13.0, 14.0)
    assert not lag.covers(12.0, 14.0)
    assert not lag.covers(14.0, 15.5)
    assert len(stream.messages) == 3


def test_a_publication_whose_answer_was_lost_is_noticed_by_the_next_sequence() -> None:
    stream, _, _ = books()
    stream.arrive(5, "s.a", 20.0, 21.0)
    assert stream.messages[4].arrived == (20.0, 21.0)


def test_a_clock_that_steps_keeps_the_times_that_it_noted_before() -> None:
    clock = WrongClock(90)
    clock.step(1_000_000_000.0, -90)  # 2001-09-09T01:46:40Z; texts begin with 20
    before, after = b'"2001-09-09T01:46:39.5Z"', b'"2001-09-09T01:46:41.123Z"'
    assert clock.rewritten(before) == b'"2001-09-09T01:48:09.5Z"'
    assert clock.rewritten(after) == b'"2001-09-09T01:45:11.123Z"'
    assert clock.rewritten(b"INFO {}\r\n") == b"INFO {}\r\n"
