"""When the oldest message that a consumer still owes arrived.

Every function answers (time in Unix seconds, by how many seconds at most it may be off).
"""

from collections.abc import Collection

from obs.lag.arrivals import Arrivals
from obs.lag.flight import Flight, Patience
from obs.lag.history import SequenceTimes
from obs.lag.observed import Consumer

Moment = tuple[float, float]


def oldest_owed(
    consumer: Consumer,
    flight: Flight,
    patience: Patience,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    *,
    exhausted: Collection[int],
) -> Moment:
    """Arrival of the oldest message pending or in flight, of a consumer that owes one.

    `arrivals` is None where the consumer has no filter. `exhausted` are stream sequences known to
    have run out of deliveries or to be terminated.
    """
    if consumer.ack_pending == 0:
        return _first_pending(consumer, times, arrivals)
    return _first_in_flight(consumer, flight, patience, times, arrivals, exhausted=exhausted)


def _first_pending(consumer: Consumer, times: SequenceTimes, arrivals: Arrivals | None) -> Moment:
    bound = times.lookup(consumer.delivered_stream_seq + 1)
    if arrivals is None:
        return bound
    return _not_before(bound, arrivals.newest(consumer.pending))


def _not_before(bound: Moment, counted: tuple[float, float, bool] | None) -> Moment:
    """The counted arrival; what it may be off reaches to the bound unless the count is exact."""
    earliest = bound[0] - bound[1]
    if counted is None or counted[0] <= bound[0]:
        return bound
    time, off, exact = counted
    return (time, off if exact else max(off, time - earliest))


def _first_in_flight(
    consumer: Consumer,
    flight: Flight,
    patience: Patience,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    *,
    exhausted: Collection[int],
) -> Moment:
    """The oldest in flight comes after what is settled, and so early that all the others fit in.

    Between the two the first is right, unless the floor stands still at a message that was given
    up and nothing is being retried: then messages leave in the order they came.
    """
    in_flight = consumer.ack_pending
    last = consumer.delivered_stream_seq - in_flight + 1
    first = flight.settled + 1
    while first < last and first in exhausted:
        first += 1
    early = times.lookup(min(first, last))
    if first >= last:
        return early
    if arrivals is not None:
        early = _not_before(early, arrivals.first_unsettled())
    if arrivals is None and not _may_have_given_up(consumer):
        return early
    late = _latest(consumer, last, early, times, arrivals)
    span = late[0] - early[0]
    floor = consumer.ack_floor_stream_seq
    if (flight.settled > floor or first > floor + 1) and flight.quiet(patience):
        return (late[0], max(late[1], span + early[1]))
    return (early[0], max(early[1], span + late[1]))


def _latest(
    consumer: Consumer, last: int, early: Moment, times: SequenceTimes, arrivals: Arrivals | None
) -> Moment:
    """Arrival of the oldest in flight if messages were settled in the order they came."""
    late = times.lookup(last)
    if arrivals is not None:
        counted = arrivals.newest(consumer.pending + consumer.ack_pending)
        if counted is not None:
            late = counted[:2]
    return late if late[0] > early[0] else early


def _may_have_given_up(consumer: Consumer) -> bool:
    """Whether the floor may stand at a message that ran out of deliveries.

    A message given up stays counted as redelivered, except where there is one delivery only.
    """
    limit = consumer.config.max_deliver
    return limit == 1 or (limit > 1 and consumer.redelivered > 0)
