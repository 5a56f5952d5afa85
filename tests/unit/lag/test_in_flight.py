from math import inf
from typing import Any

import pytest

from obs.lag.delivery_marks import MAX_MARKS
from obs.lag.in_flight import InFlight
from obs.lag.redelivery_schedule import RedeliverySchedule
from obs.snapshot.assets import ConsumerConfig

THREE = RedeliverySchedule(ConsumerConfig(max_deliver=3, ack_wait=30))


@pytest.mark.parametrize(
    ("config", "total", "longest"),
    [
        (ConsumerConfig(max_deliver=3, ack_wait=30), 90, 30),
        (ConsumerConfig(max_deliver=-1, ack_wait=30), inf, 30),
        (ConsumerConfig(max_deliver=5, backoff=(1, 10, 60)), 1 + 10 + 3 * 60, 60),
        (ConsumerConfig(max_deliver=2, backoff=(60, 10)), 70, 60),
        (ConsumerConfig(max_deliver=1_000_000, ack_wait=1), 1_000_000, 1),
    ],
)
def test_the_last_step_of_a_backoff_repeats_until_deliveries_run_out(
    config: ConsumerConfig, total: float, longest: float
) -> None:
    schedule = RedeliverySchedule(config)
    assert (schedule.total, schedule.longest) == (total, longest)


def poll(in_flight: InFlight, delivered: int, **changes: Any) -> None:
    """One poll that finds three messages in flight above the floor, one of them redelivered."""
    seen = {"floor": 4, "ack_pending": 3, "redelivered": 1, "schedule": THREE, "interval": 15.0}
    in_flight.observe(delivered=delivered, **{**seen, **changes})


def in_flight_after(seconds: int, redelivered_until: int, redelivered: int = 1) -> InFlight:
    """Ten deliveries a second for so much active time, with the ack floor stuck at 4."""
    in_flight = InFlight()
    for now in range(0, seconds + 1, 15):
        seen = {"active": 15 if now else 0, "retries": int(0 < now <= redelivered_until)}
        poll(in_flight, 10 * now + 10, redelivered=redelivered, **seen)
    return in_flight


def test_a_message_retried_as_often_as_allowed_and_no_more_is_given_up() -> None:
    in_flight = in_flight_after(seconds=75, redelivered_until=45)
    assert in_flight.settled == 10 * 45 + 10
    assert in_flight.certainly_settled == 4
    assert not in_flight.is_held(THREE)
    assert in_flight.is_calm(THREE)


def test_with_fewer_redeliveries_than_giving_up_takes_it_is_in_flight() -> None:
    in_flight = InFlight()
    poll(in_flight, 4, floor=4, ack_pending=0, redelivered=0)
    poll(in_flight, 10, active=15, redelivered=0)
    poll(in_flight, 500, active=15, retries=1)
    for _ in range(100):
        poll(in_flight, 600, active=15)
        assert in_flight.is_held(THREE)
    assert in_flight.settled == 4


def test_where_no_message_counts_as_redelivered_none_was_given_up() -> None:
    in_flight = InFlight()
    poll(in_flight, 4, ack_pending=0, redelivered=7)  # those were given up earlier
    poll(in_flight, 10, active=15, redelivered=7, retries=None)
    assert in_flight.is_held(THREE)
    poll(in_flight, 20, active=15, redelivered=8, retries=None)
    assert not in_flight.is_held(THREE)
    assert in_flight.is_held(THREE, told=1)


def test_while_messages_are_redelivered_only_the_sum_of_ack_waits_settles() -> None:
    assert in_flight_after(75, redelivered_until=75, redelivered=3).settled == 4
    in_flight = in_flight_after(150, redelivered_until=150, redelivered=3)
    assert in_flight.settled >= 10 * 60 + 10
    assert not in_flight.is_calm(THREE)


def test_nothing_is_settled_by_time_while_no_client_is_pulling() -> None:
    in_flight = in_flight_after(seconds=30, redelivered_until=30)
    for _ in range(100):
        poll(in_flight, 310)
    assert in_flight.settled == 4


def test_with_nothing_in_flight_all_that_was_delivered_is_settled() -> None:
    in_flight = InFlight()
    poll(in_flight, 500, ack_pending=0)
    assert (in_flight.settled, in_flight.certainly_settled) == (500, 500)


def test_a_long_schedule_takes_little_room_and_settles_late_never_early() -> None:
    schedule = RedeliverySchedule(ConsumerConfig(max_deliver=200, ack_wait=30))
    in_flight = InFlight()
    for now in range(0, 12_000, 5):
        poll(in_flight, now + 1, active=5 if now else 0, floor=0, ack_pending=1,
             retries=None, retried=True, schedule=schedule, interval=5.0)  # fmt: skip
        assert len(in_flight.to_state().times) <= MAX_MARKS
        if in_flight.settled:
            assert now - 6_000 - 400 < in_flight.settled <= now - 6_000 + 1
    assert in_flight.settled


def test_a_message_removed_in_flight_may_block_the_floor_until_nothing_is_in_flight() -> None:
    in_flight = InFlight()
    poll(in_flight, 10)
    assert not in_flight.is_blocked
    poll(in_flight, 12, removed=True)
    assert in_flight.is_blocked
    poll(in_flight, 20)
    assert InFlight(in_flight.to_state()).is_blocked
    poll(in_flight, 20, floor=20, ack_pending=0)
    assert not in_flight.is_blocked


def test_what_counts_as_redelivered_may_be_another_message_once_the_first_were_evicted() -> None:
    in_flight = InFlight()
    poll(in_flight, 7, ack_pending=0, redelivered=2)
    poll(in_flight, 10, redelivered=2, retries=None, active=15)
    assert in_flight.is_held(THREE)
    poll(in_flight, 12, redelivered=2, retries=None, active=15, evicted=7)
    assert not in_flight.is_held(THREE)
