"""A count of deliveries from which Prometheus' increase() takes every delivery once."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.track import Track
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig

SETTINGS = JudgeSettings(interval=15.0)
CONFIG = ConsumerConfig()


def increase(scraped: list[int]) -> int:
    """As Prometheus counts, without its extrapolation: a sample that fell began at zero."""
    return sum(after - before if after >= before else after for before, after in pairwise(scraped))


class Polls:
    def __init__(self, track: Track | None = None) -> None:
        self.track, self.times, self.now = track or Track(), SequenceTimes(), 0.0

    def poll(self, created: str, deliveries: int, *, leader: bool = True) -> ConsumerVerdict:
        self.now += SETTINGS.interval
        stream = Stream("A", "S", "s", StreamConfig(), 1000, 1, 1, 1000, 0.1, 0.1, 1)
        self.times.observe(stream, self.now, 2.0)
        seq = deliveries
        consumer = Consumer(
            "A", "S", "c", created, CONFIG, seq, seq, seq, 1000 - seq, 0, 0, 1, leader=leader
        )
        return self.track.observe(consumer, stream, self.times, self.now, SETTINGS)

    def total(self, created: str, deliveries: int) -> int:
        return self.poll(created, deliveries).delivered_total


def test_a_new_consumer_that_is_ahead_of_the_last_when_first_seen_counts_in_full() -> None:
    polls = Polls()
    scraped = [polls.total(*poll) for poll in [("1", 0), ("1", 80), ("2", 100)]]
    assert increase(scraped) == 180


@given(st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=4), min_size=1, max_size=6))
def test_increase_is_what_was_delivered_however_often_the_consumer_is_created_again(
    lives: list[list[int]],
) -> None:
    polls, delivered = Polls(), 0
    scraped = [polls.total("first", 0)]
    for created, life in enumerate(lives):
        seen = sorted(life)
        scraped += [polls.total(str(created), deliveries) for deliveries in seen]
        delivered += seen[-1]
    assert increase(scraped) == delivered
    assert scraped == sorted(scraped)


def test_a_server_that_still_tells_of_the_earlier_consumer_counts_nothing_twice() -> None:
    polls = Polls()
    lives = [("1", 80), ("2", 10), ("1", 80), ("2", 20), ("1", 80), ("1", 80), ("2", 30)]
    verdicts = [polls.poll(*poll) for poll in lives]
    assert [verdict.delivered_total for verdict in verdicts] == [80, 90, 90, 100, 100, 100, 110]
    assert verdicts[-1].resets == 1


def test_an_earlier_consumer_that_stays_was_restored_and_is_a_reset() -> None:
    polls = Polls()
    verdicts = [polls.poll("1", 80), *(polls.poll("2", 10) for _ in range(2))]
    verdicts += [polls.poll("1", 90) for _ in range(4)]
    assert [verdict.resets for verdict in verdicts] == [0, 1, 1, 1, 1, 2, 2]


def test_counters_go_on_when_a_consumer_that_was_forgotten_is_created_again() -> None:
    polls = Polls()
    polls.poll("1", 80)
    verdict = Polls(Track(polls.track.ended())).poll("2", 100)
    assert (verdict.delivered_total, verdict.resets) == (180, 1)


def test_counters_do_not_jump_when_a_consumer_that_was_forgotten_was_only_away() -> None:
    polls = Polls()
    polls.poll("1", 80)
    polls.poll("2", 20)
    verdict = Polls(Track(polls.track.ended())).poll("2", 50)
    assert (verdict.delivered_total, verdict.resets) == (130, 1)
