"""Status and reasons of simulated consumers, judged over a window of 120 s."""

import pytest

from obs.lag.status import Status
from obs.snapshot.assets import ConsumerConfig
from tests.unit.lag.jetstream import JetStream
from tests.unit.lag.polling import Poll, polls

LIMITED = ConsumerConfig(max_deliver=3, max_ack_pending=1_000)
STEADY = [(0.5 * i, True) for i in range(1_200)]
WINDOW = 120.0


def after(seen: list[Poll], time: float) -> list[Poll]:
    return [poll for poll in seen if poll.at > time]


def statuses(seen: list[Poll]) -> set[Status]:
    return {poll.verdict.status for poll in seen}


def test_a_consumer_that_keeps_up_is_ok_although_something_is_always_in_flight() -> None:
    seen = list(polls(JetStream(LIMITED, STEADY, lambda seq, delivery: 1.3), 600))
    assert min(poll.verdict.lag_messages for poll in seen) > 0
    assert statuses(seen) == {Status.OK}
    assert {poll.verdict.reasons for poll in seen} == {()}


def test_a_consumer_that_stops_is_stopped_after_a_window_without_deliveries() -> None:
    js = JetStream(LIMITED, STEADY, lambda seq, delivery: 1.3, lambda time: time < 100)
    seen = list(polls(js, 500))
    assert Status.STOPPED not in statuses([poll for poll in seen if poll.at < 100 + WINDOW])
    stopped = after(seen, 100 + WINDOW + 30)
    assert statuses(stopped) == {Status.STOPPED}
    assert {poll.verdict.reasons for poll in stopped} == {("no_puller",)}


def test_a_stopped_consumer_is_not_ok_because_old_messages_are_evicted() -> None:
    js = JetStream(
        LIMITED, STEADY, lambda seq, delivery: 1.3, lambda time: time < 100, max_age=100.0
    )
    js.publish = [(time, True) for time, _ in STEADY if time < 150 or int(time * 2) % 4 == 0]
    seen = after(list(polls(js, 500)), 100 + WINDOW + 15)
    assert statuses(after(seen, 300)) == {Status.STOPPED}
    assert {poll.verdict.drain_seconds for poll in seen} == {float("inf")}
    assert seen[-1].verdict.lag_messages < seen[0].verdict.lag_messages


@pytest.mark.parametrize(
    ("max_deliver", "filters"),
    [
        *((limit, ()) for limit in (-1, 1, 2, 3, 10)),
        *((limit, ("orders.new",)) for limit in (-1, 2, 3, 10)),
    ],
)
def test_a_consumer_that_never_acknowledges_is_stalled(
    max_deliver: int, filters: tuple[str, ...]
) -> None:
    config = ConsumerConfig(max_deliver=max_deliver, max_ack_pending=1_000, filters=filters)
    js = JetStream(config, STEADY, lambda seq, delivery: None)
    assert statuses(after(list(polls(js, 590)), WINDOW + 60)) == {Status.STALLED}


def test_a_consumer_with_no_room_for_more_says_so() -> None:
    config = ConsumerConfig(max_ack_pending=50)
    seen = list(polls(JetStream(config, STEADY, lambda seq, delivery: None), 300))
    assert seen[-1].verdict.reasons == ("ack_pending_full", "message_retrying")


def test_a_consumer_that_cannot_keep_up_is_slow() -> None:
    js = JetStream(LIMITED, STEADY, lambda seq, delivery: 4.0, concurrency=3)
    seen = list(polls(js, 500))
    assert statuses(after(seen, WINDOW + 60)) == {Status.SLOW}
    assert seen[-1].verdict.drain_seconds == float("inf")


def test_a_consumer_that_recovers_is_ok_before_it_is_done_and_tells_when_it_will_be() -> None:
    js = JetStream(
        LIMITED,
        STEADY,
        lambda seq, delivery: 1.3,
        lambda time: not 100 < time < 250,
        concurrency=5,
    )
    seen = list(polls(js, 440))
    assert statuses(after(seen, 280)) == {Status.OK}
    predictions = [poll for poll in seen if 320 < poll.at < 400]
    assert predictions
    for poll in predictions:
        assert poll.at + poll.verdict.drain_seconds == pytest.approx(420, abs=40)


@pytest.mark.parametrize("filters", [(), ("orders.new",)])
def test_a_poison_message_under_steady_traffic_is_retried_and_nothing_is_stalled(
    filters: tuple[str, ...],
) -> None:
    config = ConsumerConfig(max_deliver=3, filters=filters)
    js = JetStream(config, STEADY, lambda seq, delivery: None if seq == 41 else 1.3)
    seen = list(polls(js, 590))
    assert statuses(seen) == {Status.OK}
    retried = [poll.at for poll in seen if poll.verdict.reasons == ("message_retrying",)]
    assert retried
    assert 50 <= min(retried) <= max(retried) <= 20 + 90 + 15


def test_a_new_consumer_is_ok_for_its_first_window() -> None:
    js = JetStream(LIMITED, STEADY, lambda seq, delivery: None, lambda time: False)
    seen = list(polls(js, 300))
    assert statuses([poll for poll in seen if poll.at - 3 < WINDOW]) == {Status.OK}
    assert seen[-1].verdict.status is Status.STOPPED


def test_a_gap_between_polls_stops_no_consumer() -> None:
    js = JetStream(LIMITED, STEADY, lambda seq, delivery: 1.3, lambda time: time < 100)
    seen = list(polls(js, 590, clock=lambda time: time + (3_600 if time > 120 else 0)))
    assert Status.STOPPED not in statuses([poll for poll in seen if poll.at < 100 + WINDOW])


def test_an_unbound_push_consumer_says_so() -> None:
    config = ConsumerConfig(push=True)
    js = JetStream(config, STEADY, lambda seq, delivery: 1.3, lambda time: time < 100)
    seen = list(polls(js, 400))
    assert seen[4].verdict.reasons == ()
    assert seen[-1].verdict.reasons == ("push_unbound",)
    assert seen[-1].verdict.status is Status.STOPPED


def test_a_long_task_is_not_stopped_before_its_ack_wait_is_over() -> None:
    config = ConsumerConfig(ack_wait=600)
    js = JetStream(config, [(1.0, True)], lambda seq, delivery: None)
    seen = list(polls(js, 900))
    assert statuses([poll for poll in seen if poll.at < 600]) == {Status.OK}


def test_without_a_delivery_limit_a_poison_message_is_retried_as_long_as_it_is_there() -> None:
    config = ConsumerConfig(max_deliver=-1, filters=("orders.new",))
    js = JetStream(config, STEADY, lambda seq, delivery: None if seq == 41 else 1.3)
    seen = after(list(polls(js, 590)), 80)
    assert {poll.verdict.reasons for poll in seen} == {("message_retrying",)}
    assert statuses(seen) == {Status.OK}
    assert seen[-1].verdict.lag_seconds > 500
