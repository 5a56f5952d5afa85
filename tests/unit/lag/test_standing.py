"""Whether a consumer that gets nothing has stopped, for every state that a server may report."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.status import Status, StatusWindowState
from obs.lag.track import Track, TrackState
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig

INTERVAL, WINDOW, ACK_WAIT = 15.0, 60.0, 30.0
SETTINGS = JudgeSettings(interval=INTERVAL, window=WINDOW)
CONFIG = ConsumerConfig(ack_wait=ACK_WAIT, max_ack_pending=4)
PUSH = ConsumerConfig(ack_wait=ACK_WAIT, max_ack_pending=4, push=True)


@dataclass(frozen=True)
class Seen:
    """What one poll shows, and what has happened since the poll before.

    `arrived` messages matched; of those pending `delivered` were delivered for the first time,
    `redelivered` of those in flight again; `acknowledged` were, the oldest first.
    """

    arrived: int = 0
    delivered: int = 0
    redelivered: int = 0
    acknowledged: int = 0
    waiting: bool = False
    kept: bool = False
    paused: bool = False
    first: int = 1  # sequence of the stream


class Desk:
    """One consumer of a stream without deletions, poll by poll."""

    def __init__(
        self,
        config: ConsumerConfig = CONFIG,
        *,
        pending: int,
        in_flight: int,
        retention: str = "limits",
    ) -> None:
        self.retention = retention
        self.track, self.times, self.config = Track(), SequenceTimes(), config
        self.now, self.deliveries, self.active = 0.0, 100 + in_flight, 1.0
        self.delivered, self.in_flight, self.redelivered = 100 + in_flight, in_flight, 0
        self.last = self.delivered + pending

    @property
    def pending(self) -> int:
        return self.last - self.delivered

    def see(self, seen: Seen) -> ConsumerVerdict:
        """One poll later."""
        self.now += INTERVAL
        self.last += seen.arrived
        self.delivered += seen.delivered
        self.in_flight += seen.delivered - seen.acknowledged
        self.deliveries += seen.delivered + seen.redelivered
        if seen.redelivered:
            self.redelivered = seen.redelivered
        if seen.kept or seen.delivered or seen.redelivered:
            self.active = self.now
        push = self.config.push
        consumer = Consumer(
            account="$G",
            stream="S",
            name="c",
            created="first",
            config=self.config,
            delivered_consumer_seq=self.deliveries,
            delivered_stream_seq=self.delivered,
            ack_floor_stream_seq=max(self.delivered - self.in_flight, seen.first - 1),
            pending=self.pending,
            ack_pending=self.in_flight,
            redelivered=min(self.redelivered, self.in_flight),
            waiting=int(seen.waiting and not push),
            last_delivery=self.active,
            paused=seen.paused,
            push_bound=seen.waiting and push,
        )
        limits = StreamConfig(discard_new=False, retention=self.retention)
        stored = self.last - seen.first + 1
        stream = Stream("$G", "S", "s", limits, stored, 1, seen.first, self.last, 0.0, self.now, 1)
        self.times.observe(stream, self.now, 1.0)
        return self.track.observe(consumer, stream, self.times, self.now, SETTINGS)

    def settle(self, seen: Seen) -> ConsumerVerdict:
        """The verdict once the same was seen for well over a window."""
        for _ in range(round(3 * WINDOW / INTERVAL)):
            verdict = self.see(seen)
        return verdict


NOTHING, SOME, FULL = "nothing pending", "pending, and room", "pending, and full"
OUTSTANDING = {NOTHING: (0, 2), SOME: (5, 2), FULL: (5, 4)}
TABLE = [  # what goes on, in words and as one poll; the status in each of the three situations
    ("nothing, nobody asks", Seen(), "XXX"),
    ("nothing, a client asks", Seen(waiting=True), "oXs"),
    ("messages are kept, nobody asks", Seen(kept=True), "oss"),
    ("messages are kept, a client asks", Seen(kept=True, waiting=True), "oss"),
    ("messages fail", Seen(redelivered=2, waiting=True), "lll"),
    ("messages fail, and some are kept", Seen(redelivered=2, kept=True), "lll"),
]
LETTERS = {"o": Status.OK, "s": Status.SLOW, "l": Status.STALLED, "X": Status.STOPPED}
CASES = [
    pytest.param(situation, seen, LETTERS[letter], config, id=f"{name}; {situation}; {kind}")
    for name, seen, letters in TABLE
    for situation, letter in zip((NOTHING, SOME, FULL), letters, strict=True)
    for kind, config in (("pull", CONFIG), ("push", PUSH))
]


@pytest.mark.parametrize(("situation", "seen", "status", "config"), CASES)
def test_what_can_be_told_of_a_consumer_whose_lag_does_not_shrink(
    situation: str, seen: Seen, status: Status, config: ConsumerConfig
) -> None:
    pending, in_flight = OUTSTANDING[situation]
    assert Desk(config, pending=pending, in_flight=in_flight).settle(seen).status is status


@pytest.mark.parametrize("situation", OUTSTANDING)
def test_a_backlog_that_grows_says_nothing_else_than_one_that_stands(situation: str) -> None:
    pending, in_flight = OUTSTANDING[situation]
    for name, seen, _ in TABLE:
        if situation == NOTHING:
            continue
        standing = Desk(pending=pending, in_flight=in_flight).settle(seen)
        growing = Desk(pending=pending, in_flight=in_flight).settle(replace(seen, arrived=2))
        assert growing.status is standing.status, name


def test_new_messages_taken_at_once_and_none_done_yet_are_work_in_hand() -> None:
    desk = Desk(ConsumerConfig(ack_wait=600.0), pending=0, in_flight=1)
    assert desk.settle(Seen(arrived=1, delivered=1, waiting=True)).status is Status.OK


@pytest.mark.parametrize("limit", [-1, 1, 4])
def test_a_job_longer_than_the_window_is_never_reported(limit: int) -> None:
    desk = Desk(limited_to(limit), pending=0, in_flight=0)
    desk.settle(Seen(waiting=True))
    statuses = {desk.see(Seen(arrived=1, delivered=1, waiting=limit != 1)).status}
    for _ in range(40):
        statuses.add(desk.see(Seen(kept=True)).status)
    statuses.add(desk.see(Seen(acknowledged=1)).status)
    assert statuses == {Status.OK}


def limited_to(max_ack_pending: int) -> ConsumerConfig:
    return msgspec.structs.replace(CONFIG, max_ack_pending=max_ack_pending)


def test_a_long_job_before_which_others_wait_is_slow_and_never_stalled() -> None:
    desk = Desk(limited_to(1), pending=0, in_flight=0)
    desk.settle(Seen(waiting=True))
    seen = [desk.see(Seen(arrived=1, delivered=1))]
    seen += [desk.see(Seen(arrived=1, kept=True)) for _ in range(40)]
    assert {each.status for each in seen[:4]} == {Status.OK}
    assert {each.status for each in seen[4:]} == {Status.SLOW}
    assert seen[-1].reasons == ("ack_pending_full",)


def test_a_worker_that_crashed_is_stopped_once_nobody_asked_for_a_window() -> None:
    desk = Desk(pending=0, in_flight=0)
    desk.settle(Seen(waiting=True))
    desk.see(Seen(arrived=2, delivered=2, waiting=True))
    verdicts = [desk.see(Seen()) for _ in range(8)]
    assert [each.status for each in verdicts[:4]] == [Status.OK] * 4
    assert {(each.status, each.reasons) for each in verdicts[5:]} == {
        (Status.STOPPED, ("no_puller",))
    }


def test_a_crash_with_a_long_ack_wait_is_told_when_that_is_over() -> None:
    desk = Desk(msgspec.structs.replace(CONFIG, ack_wait=300.0), pending=0, in_flight=0)
    desk.settle(Seen(waiting=True))
    desk.see(Seen(arrived=2, delivered=2, waiting=True))
    statuses = [desk.see(Seen()).status for _ in range(25)]
    assert statuses[:20] == [Status.OK] * 20
    assert set(statuses[21:]) == {Status.STOPPED}


@pytest.mark.parametrize("retention", ["limits", "interest", "workqueue"])
def test_a_worker_that_acknowledges_a_large_batch_before_it_asks_again_works(
    retention: str,
) -> None:
    removed = retention != "limits"
    desk = Desk(limited_to(100), pending=5, in_flight=50, retention=retention)
    for _ in range(40):
        first = desk.delivered - desk.in_flight + 2 if removed else 1
        verdict = desk.see(Seen(acknowledged=1, first=first))
        assert verdict.status is Status.OK


def test_messages_in_flight_that_are_evicted_one_by_one_were_not_acknowledged() -> None:
    desk = Desk(limited_to(100), pending=20, in_flight=50)
    desk.settle(Seen())
    for _ in range(40):
        # Every second was acknowledged before: the floor rises over it as the one before leaves.
        first = desk.delivered - desk.in_flight + 2
        verdict = desk.see(Seen(acknowledged=1, first=first))
        assert verdict.status is Status.STOPPED
        assert verdict.drain_seconds == float("inf")


def test_nothing_outstanding_needs_no_client() -> None:
    for config in (CONFIG, PUSH):
        verdict = Desk(config, pending=0, in_flight=0).settle(Seen())
        assert (verdict.status, verdict.reasons) == (Status.OK, ())


def test_an_unbound_push_consumer_is_told_with_its_first_message() -> None:
    desk = Desk(PUSH, pending=0, in_flight=0)
    desk.settle(Seen())
    assert desk.see(Seen(arrived=1)).reasons == ("push_unbound",)


def test_a_message_that_just_arrived_at_an_idle_consumer_is_not_without_a_puller() -> None:
    desk = Desk(pending=0, in_flight=0)
    desk.settle(Seen())  # scaled to zero
    reasons = [desk.see(Seen(arrived=1)).reasons for _ in range(6)]
    assert reasons == [()] * 3 + [("no_puller",)] * 3


def test_a_client_that_leaves_no_waiting_pull_shows_by_what_it_gets() -> None:
    desk = Desk(pending=3, in_flight=0)
    for _ in range(20):
        verdict = desk.see(Seen(arrived=2, delivered=1, acknowledged=1))
        assert "no_puller" not in verdict.reasons


def test_a_paused_consumer_is_only_that() -> None:
    verdict = Desk(PUSH, pending=5, in_flight=4).settle(Seen(paused=True))
    assert (verdict.status, verdict.reasons) == (Status.PAUSED, ("paused",))


polls = st.builds(
    Seen,
    arrived=st.integers(0, 2),
    delivered=st.integers(0, 2),
    redelivered=st.integers(0, 2),
    acknowledged=st.integers(0, 2),
    waiting=st.booleans(),
    kept=st.booleans(),
)


def possible(desk: Desk, seen: Seen) -> Seen:
    """The same, as far as the server could do it in this order: acks, arrivals, deliveries."""
    acknowledged = min(seen.acknowledged, desk.in_flight)
    room = desk.config.max_ack_pending - desk.in_flight + acknowledged
    return replace(
        seen,
        acknowledged=acknowledged,
        delivered=min(seen.delivered, desk.pending + seen.arrived, room),
        redelivered=min(seen.redelivered, desk.in_flight - acknowledged),
        kept=seen.kept and desk.in_flight - acknowledged > 0,
    )


@given(st.lists(polls, min_size=1, max_size=40), st.integers(0, 3), st.integers(0, 4))
def test_no_verdict_claims_what_the_window_did_not_show(
    history: list[Seen], pending: int, in_flight: int
) -> None:
    desk, seen = Desk(pending=pending, in_flight=in_flight), []
    for each in history:
        seen.append(possible(desk, each))
        verdict = desk.see(seen[-1])
        lately = seen[-round(WINDOW / INTERVAL) :]
        outstanding = desk.pending + desk.in_flight
        deliverable = desk.pending and desk.in_flight < 4
        delivered = any(one.delivered or one.redelivered for one in lately)
        assert verdict.lag_messages == outstanding
        if verdict.status is Status.STOPPED:
            assert outstanding
            assert not delivered
            assert not any(one.kept for one in lately)
            assert deliverable or not any(one.waiting for one in lately)
        if verdict.status is Status.STALLED:
            assert any(one.redelivered for one in lately)
        if verdict.status is Status.SLOW:
            assert desk.pending or any(one.acknowledged for one in lately)
        if "no_puller" in verdict.reasons:
            assert outstanding
            assert not any(one.waiting or one.delivered or one.redelivered for one in lately)


def test_a_state_saved_before_failures_were_seen_loads() -> None:
    desk = Desk(pending=5, in_flight=2)
    desk.settle(Seen())
    state: Any = msgspec.to_builtins(desk.track.to_state())
    *fields, _ = state
    fields[2] = fields[2][:7]  # counters
    fields[8], fields[9] = fields[8][:5], fields[9][:5]  # window and trend
    old = msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=TrackState)
    assert old.window == StatusWindowState(*fields[8])
    desk.track = Track.from_state(old)
    assert desk.settle(Seen(kept=True)).status is Status.SLOW
