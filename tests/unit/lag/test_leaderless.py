"""Lag while a consumer has no leader, against the truth of a simulated JetStream."""

import msgspec
import pytest

from obs.lag.history import SequenceTimes
from obs.lag.status import Status
from obs.lag.track import ConsumerVerdict, Track
from obs.snapshot import ConsumerConfig
from tests.unit.lag.jetstream import JetStream
from tests.unit.lag.polling import INTERVAL, SETTINGS, TOLERANCE

LOST, FOUND = 150.0, 400.0
WITHIN = INTERVAL + TOLERANCE


def verdicts(js: JetStream, until: float, follower_keeps_up: bool = False) -> list[ConsumerVerdict]:
    """What each poll told; from LOST to FOUND only a follower could be asked."""
    track, times, told = Track(), SequenceTimes(), []
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
        told.append(verdict)
        at += INTERVAL
    return told


def stream(config: ConsumerConfig, work: float = 0.5, concurrency: int = 1_000_000) -> JetStream:
    """Two messages a second; nothing is delivered while there is no leader."""
    every = 3 if config.filters else 1
    publish = [(n / 2, n % every == 0) for n in range(1, 1_000)]
    return JetStream(config, publish, lambda *_: work, lambda t: not LOST < t < FOUND, concurrency)


def test_the_lag_grows_from_nothing_while_nobody_leads() -> None:
    config = ConsumerConfig(max_deliver=3)
    told = verdicts(stream(config, work=0.01), FOUND)
    assert told[-1].lag_seconds > 200
    assert told[-1].lag_messages == pytest.approx(2 * told[-1].lag_seconds, abs=2 * WITHIN)
    assert told[-1].drain_seconds == float("inf")


def test_a_lag_there_was_goes_on_growing_while_nobody_leads() -> None:
    told = verdicts(stream(ConsumerConfig(max_deliver=-1), work=1.0, concurrency=1), FOUND)
    assert told[-1].lag_seconds > 300


def test_a_lag_found_again_is_judged_as_if_nothing_had_been() -> None:
    told = verdicts(stream(ConsumerConfig(max_deliver=3), work=0.01), FOUND + 60)
    assert (told[-1].status, told[-1].resets) == (Status.OK, 0)


def test_a_leader_that_only_cannot_be_asked_leaves_no_growing_lag() -> None:
    js = stream(ConsumerConfig(max_deliver=3), work=0.01)
    js.pulling = lambda time: True
    told = verdicts(js, FOUND, follower_keeps_up=True)
    assert told[-1].status is Status.LEADERLESS
    assert told[-1].lag_messages <= 2 * WITHIN


def test_arrivals_a_filter_may_not_match_are_not_counted_but_stated_as_uncertain() -> None:
    config = ConsumerConfig(max_deliver=3, filters=("a",))
    told = verdicts(stream(config, work=0.01), FOUND)[-1]
    assert (told.lag_messages, told.lag_seconds) == (0, 0)
    assert told.uncertainty == pytest.approx(FOUND - LOST, abs=2 * WITHIN)
