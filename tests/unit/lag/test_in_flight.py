from math import inf

import pytest

from obs.lag.in_flight import MARKS, InFlight, RedeliverySchedule
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
    patience = RedeliverySchedule(config)
    assert (patience.total, patience.longest) == (total, longest)


def flown(seconds: int, retried_until: int, step: int = 15) -> InFlight:
    """A flight whose floor stands at 4, ten deliveries a second, after so much active time."""
    flight = InFlight()
    for now in range(0, seconds + 1, step):
        flight.active = now
        if now <= retried_until:
            flight.retried = flight.doubt = now
        flight.observe(10 * now + 10, 4, 3, THREE, 15.0)
    return flight


def test_what_was_delivered_before_a_quiet_ack_wait_is_settled() -> None:
    flight = flown(seconds=75, retried_until=45)
    assert flight.settled == 10 * 45 + 10
    assert flight.certain == 4
    assert flight.quiet(THREE)


def test_while_messages_are_retried_only_the_sum_of_ack_waits_settles() -> None:
    assert flown(seconds=75, retried_until=75).settled == 4
    flight = flown(seconds=150, retried_until=150)
    assert flight.settled == 10 * 60 + 10
    assert not flight.quiet(THREE)


def test_nothing_is_settled_by_time_while_no_puller_is_there() -> None:
    flight = flown(seconds=30, retried_until=30)
    for _ in range(100):
        flight.observe(310, 4, 3, THREE, 15.0)
    assert flight.settled == 4


def test_with_nothing_in_flight_all_that_was_delivered_is_settled() -> None:
    flight = InFlight()
    flight.observe(delivered=500, floor=4, in_flight=0, patience=THREE, interval=15.0)
    assert (flight.settled, flight.certain) == (500, 500)


def test_a_long_patience_takes_little_room_and_settles_late_never_early() -> None:
    patience = RedeliverySchedule(ConsumerConfig(max_deliver=200, ack_wait=30))
    flight = InFlight()
    for now in range(0, 12_000, 5):
        flight.active = flight.retried = flight.doubt = now
        flight.observe(now + 1, 0, 1, patience, 5.0)
        assert len(flight.to_state()[-1]) <= MARKS
        if flight.settled:
            assert now - 6_000 - 400 < flight.settled <= now - 6_000 + 1
    assert flight.settled
