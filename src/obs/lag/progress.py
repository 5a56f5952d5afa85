"""What changed between two polls, and whether it means that messages were acknowledged.

The server counts deliveries and messages in flight, never acknowledgements. A redelivery is a
delivery too, and a message given up leaves the flight too, as does one that is evicted: none of
these may make a consumer that acknowledges nothing look busy. What a client does without
acknowledging, progress (+WPI) and a negative acknowledgement with a delay, moves nothing but the
time of the last activity.
"""

import msgspec

from obs.lag.in_flight import InFlight
from obs.lag.observed import ObservedConsumer, ObservedStream
from obs.lag.redelivery_schedule import RedeliverySchedule


class PollCounters(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The counters of one poll that the next poll is compared with.

    `holes` are the sequences of the stream between its first and its last that hold no message; −1:
    not known. `last_active` is of the server's clock (Unix seconds); 0: never, or not known.
    """

    deliveries: int
    delivered: int  # stream sequence
    floor: int  # stream sequence
    pending: int
    ack_pending: int
    redelivered: int
    last_seq: int  # of the stream
    first_seq: int = 0  # of the stream
    holes: int = -1
    last_active: float = 0.0


def poll_counters(consumer: ObservedConsumer, stream: ObservedStream) -> PollCounters:
    """The counters of a poll."""
    first_seq, last_seq, messages = stream.first_seq, stream.last_seq, stream.messages
    return PollCounters(
        consumer.delivered_consumer_seq,
        consumer.delivered_stream_seq,
        consumer.ack_floor_stream_seq,
        consumer.pending,
        consumer.ack_pending,
        consumer.redelivered,
        last_seq,
        first_seq,
        last_seq - first_seq + 1 - messages if messages else 0,
        consumer.last_delivery or 0.0,
    )


class PollStep(msgspec.Struct, frozen=True, gc=False):
    """The changes from one poll to the next, in messages.

    `advance` is that of the delivered stream sequence, `floor_rise` the part of the ack floor's
    rise that acknowledgements caused. `exact`: every delivery beyond the advance was a redelivery,
    because no sequence in between was another consumer's or deleted. `redelivered`: a redelivery
    was seen. `evicted`: outstanding messages left the stream, which holds none up to the sequence
    `evicted_to`, unless acknowledged ones leave it; `removed`: some of those in flight may have.
    `kept`: a client kept a message in
    progress, or put it off. `left` are the messages that left the flight; too many where
    redeliveries cannot be recognised.
    """

    seconds: float
    deliveries: int
    advance: int
    floor_rise: int
    exact: bool
    evicted: bool
    redelivered: bool
    kept: bool
    left: int
    evicted_to: int = 0
    removed: bool = False


def step_between(
    before: PollCounters,
    after: PollCounters,
    stream: ObservedStream,
    *,
    settled: int,
    filtered: bool,
    seconds: float,
) -> PollStep:
    """The step between two polls; `settled` is the stream sequence settled by the first."""
    deliveries = after.deliveries - before.deliveries
    advance = after.delivered - before.delivered
    exact = not filtered and deliveries >= advance and after.holes == 0
    redelivered = deliveries > advance or (not exact and after.redelivered != before.redelivered)
    # With interest or workqueue retention acknowledged messages leave the stream.
    evicts = stream.config.retention == "limits"
    evicted = evicts and after.first_seq > settled + 1
    rise = after.floor - before.floor if after.floor >= after.first_seq or not evicts else 0
    left = (advance if exact else deliveries) - after.ack_pending + before.ack_pending
    kept = deliveries == 0 and after.last_active > before.last_active > 0
    return PollStep(
        seconds, deliveries, advance, rise, exact, evicted, redelivered, kept, left,
        after.first_seq - 1 if evicts else 0, evicts and _may_remove_in_flight(before, after),
    )  # fmt: skip


def _may_remove_in_flight(before: PollCounters, after: PollCounters) -> bool:
    """Whether a message in flight may have left a stream that acknowledged ones do not leave."""
    if not before.ack_pending:
        return False
    if after.first_seq - 1 > before.floor:
        return True
    return (before.holes != 0 or after.holes != 0) and _kept(after) < _kept(before) + (
        after.last_seq - before.last_seq
    )


def _kept(counters: PollCounters) -> int:
    """How many messages the stream holds."""
    return counters.last_seq - counters.first_seq + 1 - max(counters.holes, 0)


class Progress:
    """Distinguishes acknowledged messages from given-up ones among those that left the flight.

    A message given up was redelivered `max_deliver` − 1 times first. So redeliveries are counted,
    and messages that leave the flight use them up: once too few are left, one was acknowledged.
    """

    __slots__ = ("redeliveries",)

    def __init__(self, redeliveries: int = 0) -> None:
        self.redeliveries = redeliveries  # that messages given up may still account for

    def acknowledged(
        self,
        step: PollStep,
        before: PollCounters,
        after: PollCounters,
        in_flight: InFlight,
        schedule: RedeliverySchedule,
    ) -> int:
        """About how many messages were acknowledged in this step; 0 where none certainly was."""
        if step.evicted and step.deliveries == 0:  # the floor rises over what is evicted too
            evicted = max(after.first_seq - 1 - before.floor, 0)
            return max(step.left - evicted, 0)
        left = step.left
        if step.exact:
            proven = self._more_than_given_up(left, step, after, in_flight, schedule)
        else:
            proven = left > _max_redeliveries(step, before, after, schedule.shortest)
        if step.floor_rise > 0:
            return max(left, 1)
        return left if proven else 0

    def _more_than_given_up(
        self,
        left: int,
        step: PollStep,
        after: PollCounters,
        in_flight: InFlight,
        schedule: RedeliverySchedule,
    ) -> bool:
        """Whether more messages left the flight than can have been given up."""
        if schedule.max_deliver <= 0:
            return left > 0
        if schedule.max_deliver == 1:
            return left > 0 and after.ack_pending < in_flight.recent(schedule)
        self.redeliveries += step.deliveries - step.advance
        used = left * (schedule.max_deliver - 1) if left > 0 else 0
        proven = used > self.redeliveries
        self.redeliveries = 0 if proven else self.redeliveries - used
        return proven


def _max_redeliveries(
    step: PollStep, before: PollCounters, after: PollCounters, ack_wait: float
) -> float:
    """The most deliveries of a step that may be redeliveries, where they cannot be recognised."""
    if before.redelivered == 0 and after.redelivered == 0:
        return 0.0
    return max(before.ack_pending, after.ack_pending) * (1.0 + step.seconds / ack_wait)
