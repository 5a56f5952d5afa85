"""When a consumer's oldest outstanding message arrived.

Outstanding is what is pending or in flight. Moments are (time in Unix seconds, the most by which
it may be off in seconds).
"""

from collections.abc import Collection, Mapping
from typing import Final

from obs.lag.arrivals import Arrivals
from obs.lag.history import SequenceTimes
from obs.lag.in_flight import InFlight, RedeliverySchedule
from obs.lag.observed import ObservedConsumer

Moment = tuple[float, float]
KnownArrivals = Mapping[int, float]
"""By stream sequence, the arrival (Unix seconds) of the first matching message stored there or
after it, as the server reports it."""

NOTHING_KNOWN: Final[KnownArrivals] = {}


def oldest_outstanding(
    consumer: ObservedConsumer,
    in_flight: InFlight,
    schedule: RedeliverySchedule,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    *,
    exhausted: Collection[int],
    known_arrivals: KnownArrivals,
) -> Moment:
    """Arrival of the oldest message pending or in flight, of a consumer that has one.

    `arrivals` is None where the consumer has no filter. `exhausted` are stream sequences known to
    have run out of deliveries or to be terminated. `known_arrivals` answers `sequences_to_query`,
    as far as there is an answer.
    """
    if consumer.ack_pending == 0:
        next_seq = consumer.delivered_stream_seq + 1
        bound = _arrival(next_seq, times, known_arrivals)
        if arrivals is None or next_seq in known_arrivals:
            return bound
        counted = arrivals.newest(consumer.pending)
        return _not_before(bound, counted) if counted else _by(bound, arrivals.known_from)
    first, last = _oldest_in_flight(consumer, in_flight, exhausted)
    seq = min(first, last)
    early = _arrival(seq, times, known_arrivals)
    if in_flight.settled > in_flight.certainly_settled:
        certain = _arrival(in_flight.certainly_settled + 1, times, known_arrivals)
        early = (early[0], early[1] + max(early[0] - certain[0], 0.0))
    if first >= last:
        return early
    if arrivals is not None and seq not in known_arrivals:
        early = _not_before(early, arrivals.first_unsettled())
    elif not _may_have_given_up(consumer):
        return early
    late = _if_in_order(consumer, last, times, arrivals, known_arrivals)
    stuck = first > consumer.ack_floor_stream_seq + 1
    return _between(early, late, in_order=stuck and in_flight.quiet(schedule))


def sequences_to_query(
    consumer: ObservedConsumer,
    in_flight: InFlight,
    times: SequenceTimes,
    *,
    exhausted: Collection[int],
    tolerance: float,
) -> tuple[int, ...]:
    """Stream sequences for which the arrival of the first matching message stored there or after
    it would make the lag in seconds more certain.

    Without a filter only those whose time `times` may have wrong by more than `tolerance` seconds.
    """
    filtered = bool(consumer.config.filters)
    if consumer.ack_pending == 0:
        candidates = [consumer.delivered_stream_seq + 1] if consumer.pending else []
    else:
        first, last = _oldest_in_flight(consumer, in_flight, exhausted)
        candidates = [min(first, last)]
        if in_flight.settled > in_flight.certainly_settled:
            candidates.append(in_flight.certainly_settled + 1)
        if not filtered and first < last and _may_have_given_up(consumer):
            candidates.append(last)
    return tuple(seq for seq in candidates if filtered or times.lookup(seq)[1] > tolerance)


def _oldest_in_flight(
    consumer: ObservedConsumer, in_flight: InFlight, exhausted: Collection[int]
) -> tuple[int, int]:
    """The stream sequences between which the oldest message in flight is."""
    last = consumer.delivered_stream_seq - consumer.ack_pending + 1  # the others must fit in
    first = in_flight.settled + 1
    while first < last and first in exhausted:
        first += 1
    return first, last


def _arrival(seq: int, times: SequenceTimes, known_arrivals: KnownArrivals) -> Moment:
    known = known_arrivals.get(seq)
    return times.lookup(seq) if known is None else (known, 0.0)


def _by(bound: Moment, latest: float) -> Moment:
    """The bound, for a message that arrived at `latest` at the latest."""
    return (bound[0], max(bound[1], latest - bound[0]))


def _not_before(bound: Moment, counted: tuple[float, float, bool] | None) -> Moment:
    """The counted arrival; its uncertainty reaches to the bound unless the count is exact."""
    if counted is None or counted[0] <= bound[0]:
        return bound
    time, off, exact = counted
    return (time, off if exact else max(off, time - bound[0] + bound[1]))


def _may_have_given_up(consumer: ObservedConsumer) -> bool:
    """Whether the ack floor may be stuck below a message that ran out of deliveries.

    A message given up still counts as redelivered, except where there is one delivery only.
    """
    limit = consumer.config.max_deliver
    return limit == 1 or (limit > 1 and consumer.redelivered > 0)


def _if_in_order(
    consumer: ObservedConsumer,
    last: int,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    known_arrivals: KnownArrivals,
) -> Moment:
    """Arrival of the oldest in flight if messages were settled in the order they arrived."""
    counted = arrivals and arrivals.newest(consumer.pending + consumer.ack_pending)
    return counted[:2] if counted else _arrival(last, times, known_arrivals)


def _between(early: Moment, late: Moment, *, in_order: bool) -> Moment:
    """The early moment, unless the ack floor is stuck below a message that was given up and
    nothing is being redelivered: then messages are settled about in the order they arrived.
    """
    if late[0] <= early[0]:
        return early
    span = late[0] - early[0]
    if in_order:
        return (late[0], max(late[1], span + early[1]))
    return (early[0], max(early[1], span + late[1]))
