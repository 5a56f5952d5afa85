"""How many messages left the stream before a consumer got them: evicted, purged or deleted.

The server does not count them, and nothing else tells the consumer. What the polls prove is
counted, and never more:

- Without a filter the sequences tell. Everything up to the delivered sequence, or up to what the
  stream has evicted, is passed; a passed sequence that was not delivered was lost. Sequences that
  were empty already when the consumer was first seen are set off against it.
- With a filter nobody knows which sequences match. But of the messages pending at one poll, the
  *mark*, at most those delivered since were processed, and at most those that the stream still
  holds and the consumer still has pending are left: the rest was lost. What arrives and is lost
  between two marks is not seen, so that the count is a lower bound.
- Where a limit for each subject replaces messages, each by a newer one, only a fall of the pending
  messages counts: a replacement adds as many as it takes. Where one message may replace many
  (roll-ups), and where only the last of a subject was wanted, nothing can be told.

The stream and the consumer may be read at different moments, on different servers. So what the
stream had evicted is taken from the poll before, and a fall of the pending messages is believed
once it lasted for some polls: a new leader reports none until it has counted. Messages in flight
are not counted: whether they were acknowledged before they left is not known. The server terminates
them, which a NATS connection hears as dead letters.
"""

from typing import Final, Literal

import msgspec

from obs.lag.history import BEHIND_POLLS
from obs.lag.observed import ObservedConsumerConfig, ObservedStreamConfig
from obs.lag.progress import PollCounters

UNKNOWN: Final = -1
_Means = Literal["none", "sequences", "mark", "fall"]
"""How losses are recognised; `fall`: by a fall of the pending messages alone."""


class EvictionsState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The count as plain values, which msgspec encodes as an array in this order."""

    total: int | None = None
    passed: int = UNKNOWN
    empty: int = 0
    marked: int = UNKNOWN
    end: int = UNKNOWN
    begin: int = 0
    lost: int = 0
    fallen: int = 0
    highest: int = 0


class Evictions:
    """Counts one consumer's losses from poll to poll.

    `total` never falls; None where it has never been possible to tell.
    """

    __slots__ = (
        "_consumer", "_means", "_stream", "begin", "empty", "end", "fallen", "highest", "lost",
        "marked", "passed", "total",
    )  # fmt: skip

    def __init__(self, state: EvictionsState | None = None) -> None:
        state = state or _NOTHING_COUNTED
        self.total = state.total
        self.passed = state.passed  # stream sequence up to which nothing is pending
        self.empty = state.empty  # sequences after it that may have been empty from the start
        self.marked = state.marked  # pending at the mark, less the deliveries since
        self.end = state.end  # stream sequence that no message pending at the mark is beyond
        self.begin = state.begin  # first sequence of the stream at the mark
        self.lost = state.lost  # of those pending at the mark, as counted in the total
        self.fallen = state.fallen  # polls in a row in which fewer were pending than explained
        self.highest = state.highest  # most pending in any of them
        self._consumer: ObservedConsumerConfig | None = None
        self._stream: ObservedStreamConfig | None = None
        self._means: _Means = "none"  # by which the two configurations let it count

    def observe(
        self,
        before: PollCounters | None,
        after: PollCounters,
        consumer: ObservedConsumerConfig,
        stream: ObservedStreamConfig,
    ) -> None:
        """Count what was lost between two polls; `before` is None at the first."""
        if stream is not self._stream or consumer is not self._consumer:
            other_messages = self._consumer is not None and consumer != self._consumer
            self._configure(consumer, stream)
            if other_messages:  # than those that were pending before
                self.restart()
                return
        if before is None:
            return
        if self._means == "sequences":
            delivered = after.delivered
            if (  # the usual case: whatever was passed was delivered
                delivered - self.passed == after.deliveries - before.deliveries
                and delivered >= before.first_seq
                and self.passed >= 0
                and (self.empty == 0 or before.holes >= self.empty)
            ):
                self.passed = delivered
            elif before.holes >= 0:  # a version that did not count them saved it
                self._pass(before, after)
        elif self._means != "none" and before.holes >= 0:
            self._compare_with_mark(before, after)

    def _configure(self, consumer: ObservedConsumerConfig, stream: ObservedStreamConfig) -> None:
        means = _means_of(consumer, stream)
        if means == "none":
            self.restart()
        elif self.total is None:
            self.total = 0
        if means == "sequences":
            self.marked = UNKNOWN
        else:
            self.passed = UNKNOWN
        self._consumer, self._stream, self._means = consumer, stream, means

    def restart(self) -> None:
        """Forget what was pending: it cannot be compared any more."""
        self.passed = self.marked = UNKNOWN

    def _pass(self, before: PollCounters, after: PollCounters) -> None:
        if self.passed < 0:
            self.passed = max(before.delivered, before.first_seq - 1)
            empty = after.last_seq - self.passed - before.pending
            self.empty = max(min(before.holes, empty), 0)
        delivered, passed = after.delivered, self.passed
        now = delivered if delivered >= before.first_seq else before.first_seq - 1
        if now > passed:
            delivered_first = min(after.deliveries - before.deliveries, max(delivered - passed, 0))
            lost = now - passed - delivered_first - self.empty
            if lost > 0:
                self._count(lost)
            self.empty = max(-lost, 0)
            self.passed = now
        self.empty = min(self.empty, before.holes)

    def _compare_with_mark(self, before: PollCounters, after: PollCounters) -> None:
        if self.marked < 0:
            self._mark(before)
        if self.end < 0:
            self.end = after.last_seq  # the stream may have been read before the consumer
        delivered = min(after.deliveries - before.deliveries, after.delivered - before.delivered)
        self.marked -= max(delivered, 0)
        evicted = before.first_seq - 1
        by_position = self._means == "mark"
        if by_position and evicted > before.delivered:
            self._lose(self.marked - max(self.end - evicted, 0))
        if after.pending < self.marked - self.lost:
            self.highest = max(self.highest, after.pending) if self.fallen else after.pending
            self.fallen += 1
            if self.fallen >= BEHIND_POLLS:
                self._lose(self.marked - self.highest)
                self.fallen = 0
            return
        self.fallen = 0
        evicting = after.first_seq > max(before.delivered + 1, self.begin) and evicted < self.end
        if not (by_position and evicting) or self.marked <= self.lost:
            self._mark(after)

    def _mark(self, poll: PollCounters) -> None:
        self.marked, self.lost, self.fallen = poll.pending, 0, 0
        self.begin, self.end = poll.first_seq, UNKNOWN

    def _lose(self, lost: int) -> None:
        """So many of those pending at the mark are lost by now."""
        if lost > self.lost:
            self._count(lost - self.lost)
            self.lost = lost

    def _count(self, lost: int) -> None:
        self.total = (self.total or 0) + lost

    def to_state(self) -> EvictionsState:
        """Plain values; `Evictions(state)` goes on from them."""
        return EvictionsState(
            self.total,
            self.passed,
            self.empty,
            self.marked,
            self.end,
            self.begin,
            self.lost,
            self.fallen,
            self.highest,
        )


def _means_of(consumer: ObservedConsumerConfig, stream: ObservedStreamConfig) -> _Means:
    unknown = stream.discard_new is None
    if unknown or stream.rolls_up or consumer.deliver_policy == "last_per_subject":
        return "none"
    if stream.max_per_subject is not None:
        return "fall"
    return "mark" if consumer.filters or stream.mirrors else "sequences"


_NOTHING_COUNTED: Final = EvictionsState()
