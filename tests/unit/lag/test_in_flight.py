from math import inf

import pytest

from obs.lag.in_flight import MAX_POINTS, InFlight, RedeliverySchedule
from obs.snapshot import ConsumerConfig

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


def in_flight_after(seconds: int, redelivered_until: int, step: int = 15) -> InFlight:
    """Ten deliveries a second for so much active time, with the ack floor stuck at 4."""
    in_flight = InFlight()
    for now in range(0, seconds + 1, step):
        in_flight.active = now
        if now <= redelivered_until:
            in_flight.redelivered_at = in_flight.uncertain_at = now
        in_flight.observe(10 * now + 10, 4, 3, THREE, 15.0)
    return in_flight


def test_what_was_delivered_before_a_quiet_ack_wait_is_settled() -> None:
    in_flight = in_flight_after(seconds=75, redelivered_until=45)
    assert in_flight.settled == 10 * 45 + 10
    assert in_flight.certainly_settled == 4
    assert in_flight.quiet(THREE)


def test_while_messages_are_redelivered_only_the_sum_of_ack_waits_settles() -> None:
    assert in_flight_after(seconds=75, redelivered_until=75).settled == 4
    in_flight = in_flight_after(seconds=150, redelivered_until=150)
    assert in_flight.settled == 10 * 60 + 10
    assert not in_flight.quiet(THREE)


def test_nothing_is_settled_by_time_while_no_client_is_pulling() -> None:
    in_flight = in_flight_after(seconds=30, redelivered_until=30)
    for _ in range(100):
        in_flight.observe(310, 4, 3, THREE, 15.0)
    assert in_flight.settled == 4


def test_with_nothing_in_flight_all_that_was_delivered_is_settled() -> None:
    in_flight = InFlight()
    in_flight.observe(delivered=500, floor=4, ack_pending=0, schedule=THREE, interval=15.0)
    assert (in_flight.settled, in_flight.certainly_settled) == (500, 500)


def test_a_long_schedule_takes_little_room_and_settles_late_never_early() -> None:
    schedule = RedeliverySchedule(ConsumerConfig(max_deliver=200, ack_wait=30))
    in_flight = InFlight()
    for now in range(0, 12_000, 5):
        in_flight.active = in_flight.redelivered_at = in_flight.uncertain_at = now
        in_flight.observe(now + 1, 0, 1, schedule, 5.0)
        assert len(in_flight.to_state()[-1]) <= MAX_POINTS
        if in_flight.settled:
            assert now - 6_000 - 400 < in_flight.settled <= now - 6_000 + 1
    assert in_flight.settled
