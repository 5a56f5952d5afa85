"""How many messages a consumer acknowledged: messages, not tries.

The server counts deliveries and messages in flight, never acknowledgements. Messages leave the
flight acknowledged or as dead letters, so that

    acknowledged = first deliveries − growth of the flight − dead letters

First deliveries are known exactly where the stream has no holes and the consumer no filter.
Elsewhere they lie between two bounds, and among the deliveries between them as many are taken for
redeliveries as there can be. So while no message is acknowledged, none is ever counted; what is
counted too low meanwhile is made up for as soon as the messages in flight are settled.
"""

from typing import Final

import msgspec

from obs.lag.observed import ObservedConsumer, ObservedStream

_ACK_WAIT: Final = 30.0  # seconds, the server's default


class LastPoll(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The counters that the next poll is compared with; `at` in Unix seconds."""

    at: float
    created: str
    deliveries: int
    delivered: int  # stream sequence
    pending: int
    redelivered: int
    last_seq: int  # of the stream


class DeliverySums(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Sums since counting began, and the messages in flight now.

    First deliveries are at least `least` and at most `most`. `retrying`: messages in flight that
    were redelivered, at most; `no_longer_retried`: messages that were redelivered and left the
    flight; `retries`: redeliveries, estimated, where their number has no limit.
    """

    deliveries: int = 0
    least: int = 0
    most: int = 0
    no_longer_retried: int = 0
    retries: float = 0.0
    ack_pending: int = 0
    retrying: int = 0
    max_deliver: int = -1


class DeliveryCount:
    """Sums up the deliveries of one consumer, poll by poll."""

    __slots__ = ("last", "sums")

    def __init__(self, last: LastPoll | None = None, sums: DeliverySums | None = None) -> None:
        """`last` and `sums` go on from an earlier count."""
        self.last = last
        self.sums = sums or DeliverySums()

    def observe(self, consumer: ObservedConsumer, stream: ObservedStream, at: float) -> None:
        """Count what the poll at `at` (Unix seconds) shows; the consumer's numbers are current.

        What a recreated consumer delivered counts from its creation on.
        """
        last, sums = self.last, self.sums
        if last is None:
            deliveries = least = most = dropped = 0
            retries = 0.0
        else:
            deliveries, least, most, dropped, retries = _step(last, consumer, stream, at)
        self.sums = DeliverySums(
            sums.deliveries + deliveries,
            sums.least + least,
            sums.most + most,
            sums.no_longer_retried + dropped,
            sums.retries + retries,
            consumer.ack_pending,
            min(consumer.redelivered, consumer.ack_pending),
            consumer.config.max_deliver,
        )
        self.last = LastPoll(
            at,
            consumer.created,
            consumer.delivered_consumer_seq,
            consumer.delivered_stream_seq,
            consumer.pending,
            consumer.redelivered,
            stream.last_seq,
        )


def _step(
    last: LastPoll, consumer: ObservedConsumer, stream: ObservedStream, at: float
) -> tuple[int, int, int, int, float]:
    """(deliveries, first ones at least, at most, no longer retried, retries) since `last`."""
    deliveries = consumer.delivered_consumer_seq - last.deliveries
    if consumer.created != last.created or deliveries < 0:
        deliveries = consumer.delivered_consumer_seq
        most = min(deliveries, consumer.delivered_stream_seq)
        return deliveries, most if consumer.config.max_deliver == 1 else 0, most, 0, 0.0
    advance = max(consumer.delivered_stream_seq - last.delivered, 0)
    most = min(deliveries, advance)
    drained = last.pending - consumer.pending
    holes = stream.last_seq - stream.first_seq + 1 - stream.messages
    least = 0
    if stream.first_seq <= last.delivered + 1:  # nothing was evicted before its delivery
        if not consumer.config.filters:
            least = max(min(most, advance - holes), 0)
        elif not holes:
            least = max(min(most, drained), 1 if most else 0)
    if consumer.config.filters and stream.last_seq == last.last_seq:
        most = max(min(most, drained), least)  # nothing arrived: only deliveries drain
    if consumer.config.max_deliver == 1:
        least = most
    dropped = max(last.redelivered - consumer.redelivered, 0)
    retrying = max(last.redelivered, consumer.redelivered)
    wait = consumer.config.ack_wait or _ACK_WAIT
    possible = retrying * (1.0 + max(at - last.at, 0.0) / wait)
    return deliveries, least, most, dropped, min(deliveries - least, possible)


class AcknowledgedState(msgspec.Struct, frozen=True, array_like=True):
    """A count of acknowledged messages as plain values."""

    start: DeliverySums
    dead_letters: int
    deliveries_of_dead: int
    least: int
    first: int
    total: int


class Acknowledged:
    """Counts the messages acknowledged since `start`; never falls.

    `dead_letters` and `deliveries_of_dead` (how often those were delivered) are counters as they
    stood at the start.
    """

    __slots__ = ("_dead_letters", "_deliveries_of_dead", "_first", "_least", "_start", "total")

    def __init__(self, start: DeliverySums, dead_letters: int, deliveries_of_dead: int) -> None:
        self._start = start
        self._dead_letters = dead_letters
        self._deliveries_of_dead = deliveries_of_dead
        self._least = start.least
        self._first = 0
        self.total = 0

    def observe(self, sums: DeliverySums, dead_letters: int, deliveries_of_dead: int) -> int:
        """How many were acknowledged since the last call; the counters include every dead letter
        up to the time of the sums.
        """
        start = self._start
        dead = max(dead_letters - self._dead_letters, 0)
        spent = max(deliveries_of_dead - self._deliveries_of_dead, dead)
        first = sums.deliveries - start.deliveries - _retries(start, sums, dead, spent)
        first = min(first, sums.most - start.most)
        self._first = max(self._first + sums.least - self._least, first)
        self._least = sums.least
        total = self._first - (sums.ack_pending - start.ack_pending) - dead
        risen = max(total - self.total, 0)
        self.total += risen
        return risen

    def to_state(self) -> AcknowledgedState:
        """Plain values, for `from_state`."""
        return AcknowledgedState(
            self._start,
            self._dead_letters,
            self._deliveries_of_dead,
            self._least,
            self._first,
            self.total,
        )

    @classmethod
    def from_state(cls, state: AcknowledgedState) -> "Acknowledged":
        """The count that `state` was taken from."""
        count = cls(state.start, state.dead_letters, state.deliveries_of_dead)
        count._least = state.least
        count._first = state.first
        count.total = state.total
        return count


def _retries(start: DeliverySums, sums: DeliverySums, dead: int, spent: int) -> int:
    """The most deliveries since `start` that can be redeliveries of messages not acknowledged.

    `dead` messages were given up after `spent` deliveries together.
    """
    if sums.max_deliver <= 0:
        return int(sums.retries - start.retries)
    settled = max(sums.no_longer_retried - start.no_longer_retried - dead, 0)
    return spent - dead + settled + sums.retrying * (sums.max_deliver - 1)
