"""What changed between two polls, and whether it means that messages were acknowledged.

The server counts deliveries and messages in flight, never acknowledgements. A redelivery is a
delivery too, and a message given up leaves the flight too: neither may make a consumer that
acknowledges nothing look busy.
"""

import msgspec

from obs.lag.in_flight import InFlight, RedeliverySchedule
from obs.lag.observed import ObservedConsumer, ObservedStream


class PollCounters(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The counters of one poll that the next poll is compared with."""

    deliveries: int
    delivered: int  # stream sequence
    floor: int  # stream sequence
    pending: int
    ack_pending: int
    redelivered: int
    last_seq: int  # of the stream


def poll_counters(consumer: ObservedConsumer, stream: ObservedStream) -> PollCounters:
    """The counters of a poll."""
    return PollCounters(
        consumer.delivered_consumer_seq,
        consumer.delivered_stream_seq,
        consumer.ack_floor_stream_seq,
        consumer.pending,
        consumer.ack_pending,
        consumer.redelivered,
        stream.last_seq,
    )


class PollStep(msgspec.Struct, frozen=True, gc=False):
    """The changes from one poll to the next, in messages.

    `advance` is that of the delivered stream sequence, `floor_rise` the part of the ack floor's
    rise that acknowledgements caused. `exact`: every delivery beyond the advance was a redelivery,
    because no sequence in between was another consumer's or deleted. `redelivered`: a redelivery
    was seen. `evicted`: outstanding messages left the stream.
    """

    seconds: float
    deliveries: int
    advance: int
    floor_rise: int
    ack_pending_growth: int
    exact: bool
    evicted: bool
    redelivered: bool


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
    first_seq = stream.first_seq
    exact = (
        not filtered
        and deliveries >= advance
        and stream.messages == stream.last_seq - first_seq + 1
    )
    redelivered = deliveries > advance or (not exact and after.redelivered != before.redelivered)
    rise = after.floor - before.floor if after.floor >= first_seq else 0
    growth = after.ack_pending - before.ack_pending
    evicted = first_seq > settled + 1
    return PollStep(seconds, deliveries, advance, rise, growth, exact, evicted, redelivered)


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
        if step.exact:
            left = step.advance - step.ack_pending_growth
            proven = self._more_than_given_up(left, step, after, in_flight, schedule)
        else:
            left = step.deliveries - step.ack_pending_growth
            proven = left > _max_redeliveries(step, before, after, schedule.shortest)
        if step.floor_rise > 0:
            return max(left, 1)
        return left if proven and not (step.evicted and step.deliveries == 0) else 0

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
        used = max(left, 0) * (schedule.max_deliver - 1)
        proven = used > self.redeliveries
        self.redeliveries = max(self.redeliveries - used, 0)
        return proven


def _max_redeliveries(
    step: PollStep, before: PollCounters, after: PollCounters, ack_wait: float
) -> float:
    """The most deliveries of a step that may be redeliveries, where they cannot be recognised."""
    if before.redelivered == 0 and after.redelivered == 0:
        return 0.0
    return max(before.ack_pending, after.ack_pending) * (1.0 + step.seconds / ack_wait)
