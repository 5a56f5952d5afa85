"""What changed between two polls, and whether it means that messages were acknowledged.

The server counts deliveries and what is in flight, never acknowledgements. A redelivery is a
delivery too, and a message given up leaves the flight too: a consumer that acknowledges nothing
must not look busy because of them.
"""

import msgspec

from obs.lag.in_flight import InFlight, RedeliverySchedule
from obs.lag.observed import Consumer, Stream


class Seen(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The numbers of one poll that the next poll is compared with."""

    deliveries: int
    delivered: int  # stream sequence
    floor: int  # stream sequence
    pending: int
    in_flight: int
    redelivered: int
    last_seq: int  # of the stream


def seen(consumer: Consumer, stream: Stream) -> Seen:
    """What to remember of a poll."""
    return Seen(
        consumer.delivered_consumer_seq,
        consumer.delivered_stream_seq,
        consumer.ack_floor_stream_seq,
        consumer.pending,
        consumer.ack_pending,
        consumer.redelivered,
        stream.last_seq,
    )


class PollStep(msgspec.Struct, frozen=True, gc=False):
    """From one poll to the next.

    `exact`: what was delivered beyond the advance of the sequence was redelivered, because no
    sequence in between was another consumer's or deleted. `evicted`: messages still owed left the
    stream. `floor` is how far the floor rose because of acknowledgements.
    """

    seconds: float
    deliveries: int
    advance: int
    floor: int
    in_flight: int
    exact: bool
    evicted: bool
    retried: bool


def step_between(
    before: Seen, after: Seen, stream: Stream, *, settled: int, filtered: bool, seconds: float
) -> PollStep:
    """The step from one poll to the next; `settled` is what was settled by the one before."""
    deliveries = after.deliveries - before.deliveries
    advance = after.delivered - before.delivered
    first_seq = stream.first_seq
    exact = (
        not filtered
        and deliveries >= advance
        and stream.messages == stream.last_seq - first_seq + 1
    )
    retried = deliveries > advance or (not exact and after.redelivered != before.redelivered)
    floor = after.floor - before.floor if after.floor >= first_seq else 0
    in_flight = after.in_flight - before.in_flight
    evicted = first_seq > settled + 1
    return PollStep(seconds, deliveries, advance, floor, in_flight, exact, evicted, retried)


class Progress:
    """Tells acknowledgements from messages that left the flight because they were given up.

    Who is given up was redelivered `max_deliver` − 1 times first. So redeliveries are counted, and
    messages that leave the flight use them up: once there are not enough, one was acknowledged.
    """

    __slots__ = ("redeliveries",)

    def __init__(self, redeliveries: int = 0) -> None:
        self.redeliveries = redeliveries  # that messages given up may still account for

    def acknowledged(
        self,
        step: PollStep,
        before: Seen,
        after: Seen,
        flight: InFlight,
        patience: RedeliverySchedule,
    ) -> int:
        """About how many messages were acknowledged in this step; 0 where none surely was."""
        if step.exact:
            left = step.advance - step.in_flight
            proven = self._beyond_given_up(left, step, after, flight, patience)
        else:
            left = step.deliveries - step.in_flight
            proven = left > _redeliverable(step, before, after, patience.shortest)
        if step.floor > 0:
            return max(left, 1)
        return left if proven and not (step.evicted and step.deliveries == 0) else 0

    def _beyond_given_up(
        self, left: int, step: PollStep, after: Seen, flight: InFlight, patience: RedeliverySchedule
    ) -> bool:
        """Whether more left the flight than can have been given up."""
        if patience.max_deliver <= 0:
            return left > 0
        if patience.max_deliver == 1:
            return left > 0 and after.in_flight < flight.recent(patience)
        self.redeliveries += step.deliveries - step.advance
        used = max(left, 0) * (patience.max_deliver - 1)
        proven = used > self.redeliveries
        self.redeliveries = max(self.redeliveries - used, 0)
        return proven


def _redeliverable(step: PollStep, before: Seen, after: Seen, ack_wait: float) -> float:
    """How many deliveries of a step redelivery alone can explain, where it cannot be told apart."""
    if before.redelivered == 0 and after.redelivered == 0:
        return 0.0
    return max(before.in_flight, after.in_flight) * (1.0 + step.seconds / ack_wait)
