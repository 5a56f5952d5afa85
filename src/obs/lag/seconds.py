"""When the oldest message that a consumer still owes arrived.

Moments are (time in Unix seconds, by how many seconds at most it may be off).
"""

from collections.abc import Collection, Mapping

from obs.lag.arrivals import Arrivals
from obs.lag.history import SequenceTimes
from obs.lag.in_flight import InFlight, RedeliverySchedule
from obs.lag.observed import Consumer

Moment = tuple[float, float]
Told = Mapping[int, float]
"""By sequence, when the first matching message stored there or after it arrived (Unix seconds)."""


def oldest_outstanding(
    consumer: Consumer,
    flight: InFlight,
    patience: RedeliverySchedule,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    *,
    exhausted: Collection[int],
    told: Told,
) -> Moment:
    """Arrival of the oldest message pending or in flight, of a consumer that owes one.

    `arrivals` is None where the consumer has no filter. `exhausted` are stream sequences known to
    have run out of deliveries or to be terminated. `told` is what `sequences_to_query` asks for, as
    far as it is known.
    """
    if consumer.ack_pending == 0:
        next_seq = consumer.delivered_stream_seq + 1
        bound = _arrival(next_seq, times, told)
        if arrivals is None or next_seq in told:
            return bound
        counted = arrivals.newest(consumer.pending)
        return _not_before(bound, counted) if counted else _by(bound, arrivals.known_from)
    first, last = _oldest_in_flight(consumer, flight, exhausted)
    seq = min(first, last)
    early = _arrival(seq, times, told)
    if flight.settled > flight.certain:
        certain = _arrival(flight.certain + 1, times, told)
        early = (early[0], early[1] + max(early[0] - certain[0], 0.0))
    if first >= last:
        return early
    if arrivals is not None and seq not in told:
        early = _not_before(early, arrivals.first_unsettled())
    elif not _may_have_given_up(consumer):
        return early
    late = _if_in_order(consumer, last, times, arrivals, told)
    stuck = first > consumer.ack_floor_stream_seq + 1
    return _between(early, late, in_order=stuck and flight.quiet(patience))


def sequences_to_query(
    consumer: Consumer,
    flight: InFlight,
    times: SequenceTimes,
    *,
    exhausted: Collection[int],
    loose: float,
) -> tuple[int, ...]:
    """Stream sequences of which it would help to be told when the first message stored there or
    after it that matches the consumer's filters arrived.

    Without a filter only those that `times` knows to no better than `loose` seconds.
    """
    filtered = bool(consumer.config.filters)
    if consumer.ack_pending == 0:
        asked = [consumer.delivered_stream_seq + 1] if consumer.pending else []
    else:
        first, last = _oldest_in_flight(consumer, flight, exhausted)
        asked = [min(first, last)]
        if flight.settled > flight.certain:
            asked.append(flight.certain + 1)
        if not filtered and first < last and _may_have_given_up(consumer):
            asked.append(last)
    return tuple(seq for seq in asked if filtered or times.lookup(seq)[1] > loose)


def _oldest_in_flight(
    consumer: Consumer, flight: InFlight, exhausted: Collection[int]
) -> tuple[int, int]:
    """The sequences between which the oldest in flight is."""
    last = consumer.delivered_stream_seq - consumer.ack_pending + 1  # the others must fit in
    first = flight.settled + 1
    while first < last and first in exhausted:
        first += 1
    return first, last


def _arrival(seq: int, times: SequenceTimes, told: Told) -> Moment:
    known = told.get(seq)
    return times.lookup(seq) if known is None else (known, 0.0)


def _by(bound: Moment, latest: float) -> Moment:
    """The bound, of what arrived at `latest` at the latest."""
    return (bound[0], max(bound[1], latest - bound[0]))


def _not_before(bound: Moment, counted: tuple[float, float, bool] | None) -> Moment:
    """The counted arrival; what it may be off reaches to the bound unless the count is exact."""
    if counted is None or counted[0] <= bound[0]:
        return bound
    time, off, exact = counted
    return (time, off if exact else max(off, time - bound[0] + bound[1]))


def _may_have_given_up(consumer: Consumer) -> bool:
    """Whether the floor may stand at a message that ran out of deliveries.

    A message given up stays counted as redelivered, except where there is one delivery only.
    """
    limit = consumer.config.max_deliver
    return limit == 1 or (limit > 1 and consumer.redelivered > 0)


def _if_in_order(
    consumer: Consumer, last: int, times: SequenceTimes, arrivals: Arrivals | None, told: Told
) -> Moment:
    """Arrival of the oldest in flight if messages were settled in the order they came."""
    counted = arrivals and arrivals.newest(consumer.pending + consumer.ack_pending)
    return counted[:2] if counted else _arrival(last, times, told)


def _between(early: Moment, late: Moment, *, in_order: bool) -> Moment:
    """The earliest is right, unless the floor stands still at a message that was given up and
    nothing is being retried: then messages leave about in the order they came.
    """
    if late[0] <= early[0]:
        return early
    span = late[0] - early[0]
    if in_order:
        return (late[0], max(late[1], span + early[1]))
    return (early[0], max(early[1], span + late[1]))
