"""What a track makes of single polls: identity, resets, leaders, persistence."""

from typing import Any

import msgspec

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.seconds import UNHEARD, Advisories
from obs.lag.status import Status
from obs.lag.track import Track, TrackState
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from tests.unit.lag.jetstream import JetStream
from tests.unit.lag.polling import polls

SETTINGS = JudgeSettings(interval=15.0, window=120.0)
RATE = 10


class Feed:
    """A stream with ten messages a second, and one consumer's track."""

    def __init__(self) -> None:
        self.track, self.times, self.now = Track(), SequenceTimes(), 0.0

    def poll(self, **changes: Any) -> ConsumerVerdict:
        """One poll later: the consumer is at the end of the stream but for `changes`."""
        self.now += 15.0
        last = round(self.now * RATE)
        advisories = changes.pop("advisories", UNHEARD)
        messages = changes.pop("messages", last)
        first = last - messages + 1
        limits = StreamConfig(max_age=3_600.0)
        stream = Stream("$G", "S", "s", limits, messages, 1, first, last, 0.1, self.now, 1)
        self.times.observe(stream, self.now, 2.0)
        consumer = Consumer(
            account="$G",
            stream="S",
            name="c",
            created="first",
            config=ConsumerConfig(max_deliver=3),
            delivered_consumer_seq=last,
            delivered_stream_seq=last,
            ack_floor_stream_seq=last,
            pending=0,
            ack_pending=0,
            redelivered=0,
            waiting=1,
        )
        consumer = msgspec.structs.replace(consumer, **changes)
        return self.track.observe(
            consumer, stream, self.times, self.now, SETTINGS, advisories=advisories
        )


def at(seq: int) -> dict[str, int]:
    return {
        "delivered_consumer_seq": seq,
        "delivered_stream_seq": seq,
        "ack_floor_stream_seq": seq,
    }


def test_nothing_outstanding_is_no_lag_whatever_the_floor_says() -> None:
    feed = Feed()
    feed.poll()
    verdict = feed.poll(ack_floor_stream_seq=3, redelivered=1)
    assert (verdict.lag_messages, verdict.lag_seconds, verdict.uncertainty) == (0, 0.0, 0.0)
    assert (verdict.drain_seconds, verdict.eviction_seconds) == (0.0, None)


def test_deliveries_are_counted_as_the_server_does() -> None:
    feed = Feed()
    assert feed.poll().delivered_total == 150
    assert feed.poll().delivered_total == 300


def test_a_recreated_consumer_is_a_reset_and_its_deliveries_add_to_those_before() -> None:
    feed = Feed()
    feed.poll()
    verdict = feed.poll(created="second", pending=290, **at(10))
    assert (verdict.delivered_total, verdict.resets) == (160, 1)
    assert verdict.status is Status.OK


def test_a_leader_a_little_behind_is_no_reset() -> None:
    feed = Feed()
    feed.poll()
    before = feed.poll()
    assert feed.poll(**at(290)) == before
    caught_up = feed.poll()
    assert (caught_up.delivered_total, caught_up.resets) == (600, 0)


def test_a_leader_behind_right_after_a_restart_is_no_reset_either() -> None:
    feed = Feed()
    feed.poll()
    feed.poll()
    state = feed.track.to_state()
    assert state is not None
    feed.track = Track.from_state(state)
    verdict = feed.poll(**at(290))
    assert (verdict.delivered_total, verdict.resets) == (300, 0)


def test_sequences_that_stay_behind_are_a_reset_and_the_total_goes_on_from_where_it_was() -> None:
    feed = Feed()
    feed.poll()
    feed.poll()
    totals = [feed.poll(pending=500, **at(20 + poll)) for poll in range(5)]
    assert [verdict.delivered_total for verdict in totals] == [300, 300, 300, 301, 302]
    assert [verdict.resets for verdict in totals] == [0, 0, 1, 1, 1]
    assert totals[-1].lag_seconds > 60


def test_without_a_leader_deliveries_stay_as_they_were_and_arrivals_add_to_the_lag() -> None:
    feed = Feed()
    feed.poll()
    before = feed.poll(pending=100, **at(200))
    verdict = feed.poll(leader=False, **at(17))
    assert verdict.status is Status.LEADERLESS
    assert verdict.reasons == ("no_leader",)
    assert verdict.lag_messages == before.lag_messages + 15 * RATE
    assert verdict.delivered_total == before.delivered_total
    assert feed.poll().status is Status.OK


def test_a_new_leader_that_has_not_counted_yet_does_not_reset_the_lag() -> None:
    feed = Feed()
    feed.poll()
    feed.poll(leader=False, **at(150))
    early = feed.poll(pending=0, **at(150))
    assert (early.status, early.lag_messages) == (Status.LEADERLESS, 300)
    assert early.lag_seconds > 15
    counted = feed.poll(pending=450, **at(150))
    assert (counted.status, counted.lag_messages) == (Status.OK, 450)


def test_a_lag_that_vanishes_without_a_delivery_is_not_believed_at_once() -> None:
    feed = Feed()
    feed.poll(pending=100, **at(50))
    lags = [feed.poll(pending=0, **at(50)).lag_messages for _ in range(3)]
    assert lags == [100 + 15 * RATE, 100 + 30 * RATE, 0]


def test_with_a_filter_only_what_was_pending_before_is_missed() -> None:
    filtered = ConsumerConfig(filters=("a",))
    for pending, expected in ((0, 0), (7, 7)):
        feed = Feed()
        feed.poll(config=filtered, pending=pending, **at(50))
        feed.poll(config=filtered, leader=False, pending=pending, **at(50))
        assert feed.poll(config=filtered, pending=0, **at(50)).lag_messages == expected


def test_a_purge_is_believed_at_once() -> None:
    feed = Feed()
    feed.poll(pending=100, **at(50))
    feed.poll(leader=False, **at(50))
    assert feed.poll(pending=0, messages=0, **at(50)).lag_messages == 0


def test_without_a_leader_from_the_start_a_follower_is_better_than_nothing() -> None:
    verdict = Feed().poll(leader=False, pending=50, **at(100))
    assert (verdict.status, verdict.lag_messages) == (Status.LEADERLESS, 50)


def test_paused_is_reported_at_once_and_time_paused_is_not_held_against_the_consumer() -> None:
    feed = Feed()
    for _ in range(12):
        feed.poll()
    stuck = at(round(feed.now * RATE))
    for poll in range(1, 20):
        verdict = feed.poll(paused=True, waiting=0, pending=150 * poll, **stuck)
        assert (verdict.status, verdict.reasons) == (Status.PAUSED, ("paused",))
    assert feed.poll(pending=3_000, **stuck).status is Status.OK


def test_eviction_is_what_is_left_of_the_age_limit() -> None:
    feed = Feed()
    feed.poll()
    verdict = feed.poll(pending=100, **at(200))
    assert abs(verdict.lag_seconds - 10) < 1
    assert verdict.eviction_seconds == 3_600 - verdict.lag_seconds


def test_a_message_given_up_early_is_skipped_as_soon_as_it_is_known() -> None:
    stuck = {"ack_floor_stream_seq": 199, "ack_pending": 2, "redelivered": 1}
    feed = Feed()
    feed.poll()
    feed.poll(ack_floor_stream_seq=199, ack_pending=2)
    assert feed.poll(**stuck).lag_seconds > 20
    assert feed.poll(advisories=Advisories({200}), **stuck).lag_seconds < 5


def test_an_ack_floor_without_a_delivery_limit_is_believed_however_old() -> None:
    config = ConsumerConfig(max_deliver=-1)
    feed = Feed()
    for _ in range(60):
        verdict = feed.poll(config=config, ack_floor_stream_seq=99, ack_pending=2, redelivered=1)
    assert abs(verdict.lag_seconds - (feed.now - 10)) < 2
    assert verdict.uncertainty < 15


def test_a_track_goes_on_after_a_restart_as_if_nothing_had_happened() -> None:
    def js() -> JetStream:
        return JetStream(
            ConsumerConfig(max_deliver=3, filters=("a",)),
            [(0.5 * i, i % 3 == 0) for i in range(1_000)],
            lambda seq, delivery: None if seq in {40, 121} else 2.0,
            lambda time: not 200 < time < 400,
            concurrency=4,
        )

    going_on = [poll.verdict for poll in polls(js(), 500)]
    restarted = [poll.verdict for poll in polls(js(), 500, restart=lambda time: True)]
    for one, other in zip(going_on, restarted, strict=True):
        assert (one.status, one.reasons, one.delivered_total) == (
            other.status,
            other.reasons,
            other.delivered_total,
        )
        assert abs(one.lag_seconds - other.lag_seconds) <= 2 * 15 / 8


def test_a_state_survives_encoding() -> None:
    feed = Feed()
    assert feed.track.to_state() is None
    feed.poll(pending=20, ack_pending=3, **at(130))
    feed.poll(config=ConsumerConfig(filters=("a",)), pending=20, ack_pending=3, **at(280))
    state = feed.track.to_state()
    loaded = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=TrackState)
    assert loaded == state
    assert Track.from_state(loaded).to_state() == state


def test_a_state_of_an_earlier_version_is_read() -> None:
    last = [150, 150, 150, 0, 3, 1, 150]
    in_flight = [140, 145, 60.0, 30.0, 30.0, 0.0, 0.0, [15.0, 45.0], [140, 145]]
    window = [60.0, 60.0, 60.0, 60.0, 60.0]
    old = ["first", 15.0, last, 0, 0, 2, 4, in_flight, window, [60.0, 0.0, 1, 0.0, 1], None]
    track = Track.from_state(msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=TrackState))
    feed = Feed()
    feed.now, feed.track = 15.0, track
    verdict = feed.poll(ack_pending=3, redelivered=1)
    assert (verdict.resets, verdict.delivered_total) == (2, 300)
