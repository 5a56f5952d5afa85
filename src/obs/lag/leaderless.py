"""The verdict on a consumer without a leader, and on one whose leader has yet to count.

Without a leader nothing is delivered or acknowledged, but messages go on arriving. Where a leader
exists and merely does not answer, its followers' ack floor goes on rising. A server that has just
become the leader reports zero pending until it has counted.
"""

from math import inf
from typing import Final

import msgspec

from obs.lag import reason
from obs.lag.evidence import Evidence
from obs.lag.forecast import eviction_seconds
from obs.lag.history import SequenceTimes
from obs.lag.observed import ObservedConsumer, ObservedStream
from obs.lag.progress import PollCounters, poll_counters
from obs.lag.seconds import Moment
from obs.lag.status import Status
from obs.lag.verdict import ConsumerVerdict

_NO_LEADER: Final = reason.names(reason.NO_LEADER)


def still_counting(
    before: PollCounters, consumer: ObservedConsumer, stream: ObservedStream, *, led: bool
) -> bool:
    """Whether the leader cannot have counted the pending messages yet.

    `before` are the last counters of a leader; `led`: there was one at the last poll. Without a
    filter, whatever the stream holds beyond the last delivery is pending; with one, the messages
    pending before are assumed to be pending still.
    """
    if consumer.pending or consumer.delivered_consumer_seq != before.deliveries:
        return False
    if consumer.config.filters:
        return not led and before.pending > 0
    if led and before.pending == 0:
        return False
    return stream.messages > max(consumer.delivered_stream_seq - stream.first_seq + 1, 0)


def first_without_leader(verdict: ConsumerVerdict) -> ConsumerVerdict:
    """A verdict made of a follower's numbers, where no leader was ever seen."""
    return msgspec.structs.replace(verdict, status=Status.LEADERLESS, reasons=_NO_LEADER)


def aged_without_leader(
    last: ConsumerVerdict,
    consumer: ObservedConsumer,
    stream: ObservedStream,
    times: SequenceTimes,
    now: float,
    *,
    evidence: Evidence,
) -> ConsumerVerdict:
    """The last leader's verdict, brought up to `now` (Unix seconds)."""
    before = evidence.last or poll_counters(consumer, stream)
    floor = consumer.ack_floor_stream_seq
    filtered = bool(consumer.config.filters)
    outstanding = _messages_outstanding(before, floor, stream, filtered=filtered)
    known = (evidence.at - last.lag_seconds, last.uncertainty) if last.lag_messages else None
    arrived, uncertainty = _oldest_outstanding(before, known, floor, times)
    age = max(now - arrived, 0.0)
    if not outstanding:
        age, uncertainty = 0.0, age if filtered else 0.0
    return msgspec.structs.replace(
        last,
        lag_messages=outstanding,
        lag_seconds=age,
        uncertainty=uncertainty,
        status=Status.LEADERLESS,
        reasons=_NO_LEADER,
        drain_seconds=inf if outstanding else 0.0,
        eviction_seconds=eviction_seconds(stream.config.max_age, age) if outstanding else None,
    )


def _messages_outstanding(
    before: PollCounters, floor: int, stream: ObservedStream, *, filtered: bool
) -> int:
    """How many messages are outstanding, given the last leader's counters.

    `floor` is the stream sequence up to which a follower says that all is acknowledged. How many of
    the arrivals match a filter is unknown: none is counted then.
    """
    arrived = 0 if filtered else max(stream.last_seq - before.last_seq, 0)
    return min(before.pending + before.ack_pending + arrived, max(stream.last_seq - floor, 0))


def _oldest_outstanding(
    before: PollCounters, oldest: Moment | None, floor: int, times: SequenceTimes
) -> Moment:
    """Arrival of the oldest outstanding message; the time of the last poll where none has arrived.

    `oldest` is what it was when there was a leader; None where nothing was outstanding.
    """
    unacknowledged = times.lookup(floor + 1)
    if oldest is None:
        oldest = times.lookup(before.delivered + 1)
    return max(oldest, unacknowledged)
