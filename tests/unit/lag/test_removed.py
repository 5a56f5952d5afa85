"""Lag where messages leave the stream before they are acknowledged, by what servers reported."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.track import Track
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig

POLL = 0.5
SETTINGS = JudgeSettings(interval=POLL, window=30.0)
UNSTATED = 1.5 * POLL
"""Seconds by which a lag may be off where no uncertainty is exported."""


@dataclass
class Reports:
    """One consumer's polls, as servers wrote them."""

    config: ConsumerConfig = field(default_factory=ConsumerConfig)
    limits: StreamConfig = field(default_factory=StreamConfig)
    track: Track = field(default_factory=Track)
    times: SequenceTimes = field(default_factory=SequenceTimes)

    def poll(
        self,
        at: float,
        stored: tuple[int, int, float | None, float | None],
        *,
        delivered: tuple[int, int] = (0, 0),
        floor: int = 0,
        messages: int | None = None,
        **numbers: int,
    ) -> ConsumerVerdict:
        """`stored`: the stream's first and last sequence and their times."""
        first, last, first_time, last_time = stored
        held = last - first + 1 if messages is None else messages
        stream = Stream(
            "$G", "S", "s", self.limits, held, 1, first, last, first_time, last_time, 1,
        )  # fmt: skip
        self.times.observe(stream, at, POLL / 8)
        changing: dict[str, Any] = {
            "pending": 0, "ack_pending": 0, "redelivered": 0, "waiting": 1, **numbers,
        }  # fmt: skip
        consumer = Consumer(
            account="$G",
            stream="S",
            name="c",
            created="c",
            config=self.config,
            delivered_consumer_seq=delivered[0],
            delivered_stream_seq=delivered[1],
            ack_floor_stream_seq=floor,
            **changing,
        )
        return self.track.observe(consumer, stream, self.times, at, SETTINGS)


def covers(verdict: ConsumerVerdict, truth: float) -> bool:
    return abs(verdict.lag_seconds - truth) <= max(verdict.uncertainty, UNSTATED) + 0.01


def test_arrivals_hidden_by_messages_that_expire_are_not_counted_as_old() -> None:
    reports = Reports(ConsumerConfig(filters=("a",)), StreamConfig(max_age=5.0))
    reports.poll(36.0, (5, 29, 31.0, 35.6), pending=4)
    reports.poll(37.5, (12, 29, 32.8, 35.6), pending=4)
    reports.poll(38.6, (18, 35, 33.5, 38.5), pending=4)
    reports.poll(39.1, (22, 37, 34.2, 39.1), pending=4)
    assert covers(reports.poll(39.6, (24, 41, 34.6, 39.6), pending=4), truth=1.4)


def test_the_ack_floor_says_nothing_once_what_it_is_held_by_has_expired() -> None:
    reports = Reports(limits=StreamConfig(max_age=5.0))
    reports.poll(28.2, (76, 82, 24.2, 27.9), delivered=(137, 81), floor=75, ack_pending=3)
    reports.poll(29.7, (81, 90, 27.7, 29.7), delivered=(141, 90), floor=75, ack_pending=2)
    reports.poll(32.0, (81, 100, 27.7, 32.0), delivered=(156, 100), floor=75, ack_pending=7)
    stored = (83, 106, 28.3, 33.0)
    verdict = reports.poll(33.1, stored, delivered=(163, 106), floor=75, ack_pending=10)
    assert covers(verdict, truth=3.4)


def test_the_ack_floor_says_nothing_after_a_purge_until_nothing_is_in_flight() -> None:
    reports = Reports()
    in_flight: dict[str, Any] = {"floor": 172, "redelivered": 1}
    reports.poll(42.6, (42, 174, 13.5, 42.4), delivered=(276, 174), floor=168, ack_pending=4)
    reports.poll(42.9, (173, 176, 42.0, 42.8), delivered=(281, 176), ack_pending=4, **in_flight)
    reports.poll(43.6, (173, 179, 42.0, 43.6), delivered=(287, 179), ack_pending=2, **in_flight)
    stored = (173, 184, 42.0, 44.3)
    verdict = reports.poll(44.6, stored, delivered=(295, 184), ack_pending=1, **in_flight)
    assert covers(verdict, truth=0.3)
    settled = reports.poll(45.2, (173, 184, 42.0, 44.3), delivered=(296, 184), floor=184)
    assert settled.lag_seconds == 0
    stored = (173, 194, 42.0, 46.0)
    verdict = reports.poll(46.0, stored, delivered=(306, 194), floor=184, ack_pending=3)
    assert verdict.uncertainty < UNSTATED  # the floor moves again: the first above it is in flight


def test_a_message_that_expired_is_not_what_a_consumer_with_few_tries_holds() -> None:
    reports = Reports(ConsumerConfig(max_deliver=3, ack_wait=1.0), StreamConfig(max_age=5.0))
    redelivered: dict[str, Any] = {"redelivered": 2, "floor": 103}
    reports.poll(3.8, (87, 107, -1.2, 2.9), delivered=(159, 107), ack_pending=0, **redelivered)
    reports.poll(4.3, (89, 119, -0.7, 4.2), delivered=(178, 119), ack_pending=4, **redelivered)
    stored = (108, 124, 4.1, 8.0)
    verdict = reports.poll(8.3, stored, delivered=(191, 124), ack_pending=1, **redelivered)
    assert covers(verdict, truth=0.3)


def test_arrivals_in_a_mirror_do_not_count_as_the_age_of_its_messages() -> None:
    reports = Reports(ConsumerConfig(filters=("a",)), StreamConfig(mirrors=True))
    reports.poll(55.2, (0, 0, None, None), messages=0)
    verdict = reports.poll(55.6, (1, 48, 44.0, 55.4), pending=7)
    assert covers(verdict, truth=10.5)


@pytest.mark.parametrize("retention", ["interest", "workqueue"])
def test_where_acknowledged_messages_leave_the_floor_stays_a_proof(retention: str) -> None:
    reports = Reports(limits=StreamConfig(retention=retention))
    reports.poll(10.0, (1, 20, 1.0, 10.0), delivered=(20, 20), floor=0, ack_pending=20)
    stored = (2, 30, 1.5, 11.0)
    verdict = reports.poll(11.0, stored, delivered=(30, 30), floor=1, ack_pending=20, messages=20)
    assert (verdict.lag_seconds, verdict.uncertainty) == (9.5, 0.0)


def test_what_a_server_has_forgotten_ages_until_it_has_caught_up() -> None:
    reports = Reports()
    told = {"pending": 25, "ack_pending": 5}
    first = reports.poll(51.3, (1, 65, 38.3, 51.2), delivered=(42, 40), floor=35, **told)
    told = {"pending": 33, "ack_pending": 5}
    behind = reports.poll(55.8, (1, 72, 38.3, 54.8), delivered=(46, 39), floor=33, **told)
    assert behind.lag_seconds == pytest.approx(first.lag_seconds + 4.5)
    assert covers(behind, truth=10.0)


def test_a_leader_that_is_behind_with_the_stream_too_changes_nothing_but_the_age() -> None:
    reports = Reports()
    reports.poll(79.5, (1, 117, 33.5, 79.3), delivered=(111, 111), floor=111, pending=6)
    verdict = reports.poll(80.3, (1, 111, 33.5, 77.7), delivered=(111, 111), floor=111)
    assert verdict.lag_messages == 6
    assert verdict.lag_seconds > UNSTATED


def test_a_consumer_that_began_late_holds_nothing_from_before_though_its_floor_is_zero() -> None:
    reports = Reports(ConsumerConfig(deliver_policy="new"))
    reports.poll(45.0, (1, 134, 1.0, 44.0), delivered=(0, 133), pending=1)
    verdict = reports.poll(46.0, (1, 134, 1.0, 44.0), delivered=(2, 134), ack_pending=1)
    assert verdict.lag_seconds == pytest.approx(2.0, abs=POLL)
