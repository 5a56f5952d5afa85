"""What a consumer owes while nobody leads it.

Nothing is delivered or acknowledged then, but messages go on arriving. Where there is a leader that
merely could not be asked, its followers' acknowledgement floor goes on rising. A server that has
just become the leader says that nothing is pending until it has counted.
"""

from obs.lag.history import SequenceTimes
from obs.lag.observed import Consumer, Stream
from obs.lag.progress import Seen
from obs.lag.seconds import Moment


def still_counting(before: Seen, consumer: Consumer, stream: Stream, *, led: bool) -> bool:
    """Whether the leader cannot have counted yet what is pending.

    `before` is the last that a leader said, and `led` whether there was one at the last poll. What
    is stored beyond the last delivery is pending without a filter; with one, what was pending is
    taken to have stayed.
    """
    if consumer.pending or consumer.delivered_consumer_seq != before.deliveries:
        return False
    if consumer.config.filters:
        return not led and before.pending > 0
    passed = max(consumer.delivered_stream_seq - stream.first_seq + 1, 0)
    return stream.messages > passed and (before.pending > 0 or not led)


def messages_outstanding(before: Seen, floor: int, stream: Stream, *, filtered: bool) -> int:
    """How many messages are owed, `before` being what the last leader said.

    `floor` is the stream sequence up to which a follower says that all is acknowledged. Which of
    the arrivals match a filter is not known: none is counted then.
    """
    arrived = 0 if filtered else max(stream.last_seq - before.last_seq, 0)
    return min(before.pending + before.in_flight + arrived, max(stream.last_seq - floor, 0))


def oldest_outstanding_since(
    before: Seen, oldest: Moment | None, floor: int, times: SequenceTimes
) -> Moment:
    """Arrival of the oldest message owed; the time of the last poll where none has arrived.

    `oldest` is what it was when there was a leader; None where nothing was owed.
    """
    unacknowledged = times.lookup(floor + 1)
    if oldest is None:
        oldest = times.lookup(before.delivered + 1)
    return max(oldest, unacknowledged)
