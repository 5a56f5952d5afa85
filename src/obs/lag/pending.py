"""Which of a stream's messages is the oldest that a consumer has yet to be delivered.

Without deleted messages that is the first after the last delivered. Where messages are deleted or
overwritten one by one, pending against the span of sequences tells how many are gone, not which:
bounds, and the most likely place between them.
"""

from math import exp, log, sqrt
from typing import Final, NamedTuple

from obs.lag.observed import ObservedConsumer, ObservedStream

LAST_PER_SUBJECT: Final = "last_per_subject"
_KEPT_UNTIL_ACKNOWLEDGED: Final = ("interest", "workqueue")
_MEDIAN: Final = log(2)


class Head(NamedTuple):
    """Stream sequences between which the oldest pending message is, and where most likely."""

    first: int
    likely: int
    last: int


def is_whole(stream: ObservedStream) -> bool:
    """Whether no message is missing between the stream's first and its last."""
    return stream.messages == stream.last_seq - stream.first_seq + 1


def keeps_pending(stream: ObservedStream) -> bool:
    """Whether messages leave only in order, or once acknowledged: a count of arrivals is right."""
    config = stream.config
    if config.max_per_subject is not None:
        return False
    return config.retention in _KEPT_UNTIL_ACKNOWLEDGED or is_whole(stream)


def pending_head(consumer: ObservedConsumer, stream: ObservedStream, known_from: int = 0) -> Head:
    """Where the oldest pending message is, of a consumer that has one.

    `known_from`: no message before this sequence is pending.
    """
    first = max(consumer.delivered_stream_seq + 1, stream.first_seq, known_from)
    config = consumer.config
    if not config.filters and is_whole(stream):
        return Head(first, first, first)
    per_subject = stream.config.max_per_subject
    if config.deliver_policy == LAST_PER_SUBJECT:
        per_subject = 1
    return oldest_of(max(consumer.pending, 1), first, stream.last_seq, per_subject)


def oldest_of(count: int, first: int, end: int, per_subject: int | None) -> Head:
    """Where the oldest of `count` messages is among the sequences from `first` to `end`.

    The others are gone or not the consumer's; `per_subject` messages of each subject are kept.
    """
    last = max(end - count + 1, first)
    if last == first:
        return Head(first, first, first)
    if per_subject is None:  # evenly spread
        likely = first + (last - first) // (count + 1)
    else:
        likely = min(max(end - _reach(end - first + 1, count, per_subject) + 1, first), last)
    return Head(first, likely, last)


def _reach(span: int, kept: int, per_subject: int) -> int:
    """How far back from the last message the oldest kept one is, in sequences.

    `kept` of the last `span` messages are still there, the others were overwritten by a later one
    of their subject, where `per_subject` are kept. The subjects are assumed to be alike: after
    k more messages a message is still there with probability exp(−k / room).
    """
    room = _room(span, kept)
    if per_subject == 1:
        return round(-room * log(exp(-span / room) + _MEDIAN / room)) if room > 1 else 1
    subjects = max(room / per_subject, 1.0)
    return min(round(room * (1 + sqrt(2 * log(subjects) / per_subject))), span)


def _room(span: int, kept: int) -> float:
    """How many messages all subjects together keep, where `kept` of `span` messages are left:
    kept = room × (1 − exp(−span / room)).
    """
    if kept >= span:
        return float("inf")
    low, high = float(kept), float(kept) * span
    for _ in range(24):
        room = (low + high) / 2
        if room * (1 - exp(-span / room)) < kept:
            low = room
        else:
            high = room
    return low
