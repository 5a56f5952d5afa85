"""When a consumer's oldest outstanding message arrived.

Outstanding is what is pending or in flight. Moments are (time in Unix seconds, the most by which
it may be off in seconds): the time is the most likely one, and the truth is within what it may be
off by.
"""

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from obs.lag.arrivals import Arrivals
from obs.lag.history import SequenceTimes
from obs.lag.in_flight import InFlight
from obs.lag.observed import ObservedConsumer, ObservedStream
from obs.lag.pending import LAST_PER_SUBJECT, is_whole, keeps_pending, oldest_of, pending_head
from obs.lag.redelivery_schedule import RedeliverySchedule

Moment = tuple[float, float]


class KnownArrival(NamedTuple):
    """The first message stored at a sequence or after it that a consumer still has to process.

    `at`: its arrival (Unix seconds). `sure`: it was so after the poll; otherwise it was so before,
    and no message before it can be it since.
    """

    seq: int
    at: float
    sure: bool = True


KnownArrivals = Mapping[int, KnownArrival]
"""By the stream sequence that was asked for."""

_CLOSE: Final = 1.0  # seconds between two bounds that need no estimate between them
NOTHING_KNOWN: Final[KnownArrivals] = {}


class Advisories(NamedTuple):
    """What advisories told of one consumer.

    `given_up` are stream sequences above the ack floor that ran out of deliveries. Of those after
    the sequence `heard_from` every one is known; None: advisories are not heard.
    """

    given_up: Collection[int] = ()
    heard_from: int | None = None


UNHEARD: Final = Advisories()


def oldest_outstanding(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    in_flight: InFlight,
    schedule: RedeliverySchedule,
    times: SequenceTimes,
    *,
    arrivals: Arrivals | None,
    advisories: Advisories = UNHEARD,
    known_arrivals: KnownArrivals = NOTHING_KNOWN,
) -> Moment:
    """Arrival of the oldest message pending or in flight, of a consumer that has one.

    `arrivals` is None where the consumer has no filter, or its stream is a mirror.
    `known_arrivals` answers `sequences_to_query`, as far as there is an answer.
    """
    if consumer.ack_pending == 0:
        return _oldest_pending(consumer, stream, times, arrivals, known_arrivals)
    first, last = _bounds(consumer, stream, in_flight, advisories)
    early = _arrival(first, times, known_arrivals) if known_arrivals else times.lookup(first)
    if first >= last:
        return early
    known = known_arrivals.get(first)
    if in_flight.is_blocked or _is_gone(consumer, stream, first, known):
        present = max(first, known.seq if known else stream.first_seq)
        calm = in_flight.retrying() == 0
        return _oldest_still_there(consumer, stream, times, (first, present), early, calm=calm)
    stuck = first > in_flight.certainly_settled + 1
    held = not stuck and in_flight.is_held(schedule)
    unreported = False
    if not (held or stuck):
        oldest = _first_delivered(consumer, stream, first, known_arrivals)
        stuck = oldest in advisories.given_up
        held = not stuck and _is_held(in_flight, schedule, advisories, oldest)
        unreported = not stuck and _is_unreported(advisories, oldest)
    if consumer.config.filters and first not in known_arrivals:
        early = _not_before(early, arrivals.first_unsettled() if arrivals else None)
    elif held and (first in known_arrivals or keeps_pending(stream)):
        return early
    late = _if_in_order(consumer, last, times, arrivals, known_arrivals)
    likely = early
    if held or unreported:
        if late[0] - early[0] > _CLOSE:
            likely = _first_of(consumer, stream, times, early, late)
    else:
        told = len(advisories.given_up)
        settled = in_flight.likely_settled(schedule, told)
        if _in_order(in_flight, schedule, settled, told, stuck=stuck):
            likely = late
        elif settled >= first:
            likely = _arrival(min(_after(settled, advisories), last), times, known_arrivals)
    return _among(likely, early, late)


def _in_order(
    in_flight: InFlight, schedule: RedeliverySchedule, settled: int, told: int, *, stuck: bool
) -> bool:
    """Whether the oldest in flight is most likely where it is if all are settled in order: the
    first above the floor was given up, and none is being retried.
    """
    given_up = stuck or settled > in_flight.certainly_settled or in_flight.used_up(schedule, told)
    return given_up and in_flight.is_calm(schedule, told)


def _first_of(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    early: Moment,
    late: Moment,
) -> Moment:
    """The most likely arrival of the first message in flight, where none was given up before it.

    Between the ack floor and it messages may be gone.
    """
    if consumer.config.filters or keeps_pending(stream):
        return early
    first = max(consumer.ack_floor_stream_seq + 1, stream.first_seq)
    end, per_subject = consumer.delivered_stream_seq, stream.config.max_per_subject
    head = oldest_of(consumer.ack_pending, first, end, per_subject)
    return _between(times.lookup(head.likely), early, late)


def _is_gone(
    consumer: ObservedConsumer, stream: ObservedStream, first: int, known: KnownArrival | None
) -> bool:
    """Whether what holds the ack floor was removed from the stream, so that what comes after it may
    be acknowledged: a server notes that only when it is to redeliver the message.
    """
    if first < stream.first_seq:
        return True
    return known is not None and known.seq > first and not consumer.config.filters


def _oldest_still_there(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    span: tuple[int, int],
    early: Moment,
    *,
    calm: bool,
) -> Moment:
    """Arrival of the oldest message in flight, where messages in flight were removed.

    `span`: all are at the first of these sequences or after it, and none of those before the
    second is left. `calm`: none was delivered twice, so that they are most likely the last ones.
    """
    first, present = span
    end = consumer.delivered_stream_seq
    removed = max(stream.last_seq - first + 1 - stream.messages, 0)
    count = max(consumer.ack_pending - removed, 1)
    head = oldest_of(count, min(present, end), end, stream.config.max_per_subject)
    late = times.lookup(head.last)
    likely = late if calm else times.lookup(head.likely)
    return _among(_between(likely, early, late), early, late)


def sequences_to_query(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    in_flight: InFlight,
    schedule: RedeliverySchedule,
    times: SequenceTimes,
    *,
    advisories: Advisories,
    tolerance: float,
) -> tuple[int, ...]:
    """Stream sequences for which the arrival of the first matching message stored there or after
    it would make the lag in seconds more certain.

    Without a filter only those whose time `times` may have wrong by more than `tolerance` seconds.
    """
    filtered = bool(consumer.config.filters)
    if consumer.ack_pending == 0:
        if not consumer.pending:
            return ()
        head = pending_head(consumer, stream)
        if filtered or head.first < head.last or times.lookup(head.first)[1] > tolerance:
            return (consumer.delivered_stream_seq + 1,)
        return ()
    first, last = _bounds(consumer, stream, in_flight, advisories)
    candidates = [first]
    if first < last and not filtered and not keeps_pending(stream):
        return (first,)  # which may be gone
    if not filtered and first < last and not _is_held(in_flight, schedule, advisories, first):
        settled = in_flight.likely_settled(schedule, len(advisories.given_up))
        candidates += sorted({min(max(_after(settled, advisories), first), last), last} - {first})
    return tuple(seq for seq in candidates if filtered or times.lookup(seq)[1] > tolerance)


def _oldest_pending(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    known_arrivals: KnownArrivals,
) -> Moment:
    known = known_arrivals.get(consumer.delivered_stream_seq + 1)
    if known is not None and known.sure:
        return (known.at, 0.0)
    head = pending_head(consumer, stream, 0 if known is None else known.seq)
    early = times.lookup(head.first) if known is None or head.first > known.seq else (known.at, 0.0)
    counted = None if arrivals is None else arrivals.newest(consumer.pending)
    if counted and consumer.config.deliver_policy != LAST_PER_SUBJECT:
        time, off, exact = counted
        if exact and time > early[0]:
            return (time, off)
    if head.first == head.last:
        return early
    late = times.lookup(head.last)
    known_from = None if arrivals is None else arrivals.known_from
    if counted is None and known_from is not None and known_from < late[0]:
        late = (max(known_from, early[0]), 0.0)
    overwrites = stream.config.max_per_subject is not None
    if known is not None and not overwrites:
        likely = early  # it is most likely still there
    elif counted is not None and not overwrites and counted[0] > early[0]:
        likely = counted[:2]
    else:
        likely = early if head.likely == head.first else times.lookup(head.likely)
    return _among(_between(likely, early, late), early, late)


def _bounds(
    consumer: ObservedConsumer, stream: ObservedStream, in_flight: InFlight, advisories: Advisories
) -> tuple[int, int]:
    """The stream sequences between which the oldest message in flight is.

    Servers may report an ack floor of 0 for a consumer that began with a later message; but none
    was delivered that does not fit into the count of deliveries.
    """
    delivered = consumer.delivered_stream_seq
    last = delivered - consumer.ack_pending + 1  # the others must fit in
    settled = in_flight.certainly_settled
    first = _after(settled, advisories) if advisories.given_up else settled + 1
    begun = delivered - consumer.delivered_consumer_seq + 1
    if first < begun and not consumer.config.filters and is_whole(stream):
        first = begun
    return first if first < last else last, last


def _after(settled: int, advisories: Advisories) -> int:
    """The first sequence after the settled ones that is not known to be given up."""
    seq = settled + 1
    while seq in advisories.given_up:
        seq += 1
    return seq


def _first_delivered(
    consumer: ObservedConsumer,
    stream: ObservedStream,
    first: int,
    known_arrivals: KnownArrivals,
) -> int | None:
    """The first message of the consumer at `first` or after it; None where others, or messages
    that are gone, may come before it.
    """
    if known := known_arrivals.get(first):
        return known.seq
    return None if consumer.config.filters or not keeps_pending(stream) else first


def _is_held(
    in_flight: InFlight, schedule: RedeliverySchedule, advisories: Advisories, oldest: int | None
) -> bool:
    """Whether the first message above the ack floor, which is `oldest`, is in flight for certain.

    Advisories say nothing about it where it is not known which one it is.
    """
    if oldest is None:
        return in_flight.is_held(schedule)
    if in_flight.is_held(schedule, len(advisories.given_up)):
        return True
    # An advisory may come a moment after the poll that saw the last try.
    return in_flight.rests and _is_unreported(advisories, oldest)


def _is_unreported(advisories: Advisories, oldest: int | None) -> bool:
    """Whether advisories, which are heard, have not told of that message."""
    heard_from = advisories.heard_from
    return heard_from is not None and oldest is not None and oldest > heard_from


def _arrival(seq: int, times: SequenceTimes, known_arrivals: KnownArrivals) -> Moment:
    known = known_arrivals.get(seq)
    return times.lookup(seq) if known is None else (known.at, 0.0)


def _not_before(bound: Moment, counted: tuple[float, float, bool] | None) -> Moment:
    """The counted arrival; its uncertainty reaches to the bound unless the count is exact."""
    if counted is None or counted[0] <= bound[0]:
        return bound
    time, off, exact = counted
    return (time, off if exact else max(off, time - bound[0] + bound[1]))


def _if_in_order(
    consumer: ObservedConsumer,
    last: int,
    times: SequenceTimes,
    arrivals: Arrivals | None,
    known_arrivals: KnownArrivals,
) -> Moment:
    """Arrival of the oldest in flight if messages were settled in the order they arrived."""
    if arrivals is not None:
        counted = arrivals.newest(consumer.pending + consumer.ack_pending)
        if counted is not None:
            return counted[:2]
    return _arrival(last, times, known_arrivals)


def _between(likely: Moment, early: Moment, late: Moment) -> Moment:
    """The moment, or the bound that it is beyond."""
    return min(max(likely, early), max(late, early))


def _among(likely: Moment, early: Moment, late: Moment) -> Moment:
    """The likely moment; its uncertainty reaches both bounds."""
    time, off = likely
    since, until = time - early[0] + early[1], late[0] + late[1] - time
    bound = since if since > until else until
    return (time, off if off > bound else bound)
