"""Lag while a consumer has no leader, against the truth of a simulated JetStream."""

import msgspec
import pytest

from obs.lag.history import SequenceTimes
from obs.lag.status import Status
from obs.lag.track import Track
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import JetStream
from tests.unit.lag.polling import INTERVAL, SETTINGS, TOLERANCE

LOST, FOUND = 150.0, 400.0
WITHIN = INTERVAL + TOLERANCE


def verdicts(js: JetStream, until: float, follower_keeps_up: bool = False) -> list[ConsumerVerdict]:
    """The verdict of each poll; from LOST to FOUND only a follower answers."""
    track, times, judged = Track(), SequenceTimes(), []
    stale = js.consumer()
    at = 3.3
    while at < until:
        js.run_until(at)
        now, lost = js.consumer(), LOST < at < FOUND
        stale = stale if lost and not follower_keeps_up else now
        times.observe(js.stream(), at, INTERVAL / 8)
        seen = msgspec.structs.replace(stale, leader=False) if lost else now
        verdict = track.observe(seen, js.stream(), times, at, SETTINGS)
        if not js.config.filters:
            assert verdict.lag_seconds == pytest.approx(js.lag(), abs=WITHIN)
            assert not lost or verdict.status is Status.LEADERLESS
        judged.append(verdict)
        at += INTERVAL
    return judged


def stream(config: ConsumerConfig, work: float = 0.5, concurrency: int = 1_000_000) -> JetStream:
    """Two messages a second; nothing is delivered while there is no leader."""
    every = 3 if config.filters else 1
    publish = [(n / 2, n % every == 0) for n in range(1, 1_000)]
    return JetStream(config, publish, lambda *_: work, lambda t: not LOST < t < FOUND, concurrency)


def test_the_lag_grows_from_nothing_without_a_leader() -> None:
    config = ConsumerConfig(max_deliver=3)
    judged = verdicts(stream(config, work=0.01), FOUND)
    assert judged[-1].lag_seconds > 200
    assert judged[-1].lag_messages == pytest.approx(2 * judged[-1].lag_seconds, abs=2 * WITHIN)
    assert judged[-1].drain_seconds == float("inf")


def test_a_lag_there_was_goes_on_growing_without_a_leader() -> None:
    judged = verdicts(stream(ConsumerConfig(max_deliver=-1), work=1.0, concurrency=1), FOUND)
    assert judged[-1].lag_seconds > 300


def test_a_lag_found_again_is_judged_as_if_nothing_had_been() -> None:
    judged = verdicts(stream(ConsumerConfig(max_deliver=3), work=0.01), FOUND + 60)
    assert (judged[-1].status, judged[-1].resets) == (Status.OK, 0)


def test_a_leader_that_merely_does_not_answer_leaves_no_growing_lag() -> None:
    js = stream(ConsumerConfig(max_deliver=3), work=0.01)
    js.pulling = lambda time: True
    judged = verdicts(js, FOUND, follower_keeps_up=True)
    assert judged[-1].status is Status.LEADERLESS
    assert judged[-1].lag_messages <= 2 * WITHIN


def test_arrivals_a_filter_may_not_match_are_not_counted_but_stated_as_uncertain() -> None:
    config = ConsumerConfig(max_deliver=3, filters=("a",))
    judged = verdicts(stream(config, work=0.01), FOUND)[-1]
    assert (judged.lag_messages, judged.lag_seconds) == (0, 0)
    assert judged.uncertainty == pytest.approx(FOUND - LOST, abs=2 * WITHIN)
