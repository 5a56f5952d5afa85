"""When the messages of a stream arrived, by sequence."""

import msgspec

from obs.lag.observed import ObservedStream
from obs.lag.timeline import Timeline, TimelineState, interpolate

HORIZON = 86_400.0  # seconds of history
BEHIND_POLLS = 3  # a new leader catches up in fewer


class SequenceState(msgspec.Struct, frozen=True, array_like=True):
    """The times of a stream as plain values, which msgspec encodes as an array in this order."""

    created: str
    curve: TimelineState
    first_seq: int
    first_time: float | None  # by the server's clock
    ahead: float
    ahead_before: float | None = None


class SequenceTimes:
    """Arrival times of one stream's messages, learnt from one observation a poll.

    Exact where the server says so (the stream's first and last message), interpolated between.
    Times are of the collector's clock: the server's are converted by the difference that it tells
    with each answer. What was learnt stays when a clock is set later, and what the polls saw bounds
    what a message's own time says. A mirror's messages keep the times of their origin.
    Call `observe` before judging the stream's consumers.
    """

    __slots__ = (
        "_ahead", "_ahead_before", "_behind", "_copied", "_created", "_curve", "_first_seq",
        "_first_time", "_tolerance",
    )  # fmt: skip

    def __init__(self, state: SequenceState | None = None) -> None:
        saved = state or SequenceState("", ([], [], [], 0.0), 0, None, 0.0)
        first, ahead, before = saved.first_time, saved.ahead, saved.ahead_before
        self._created = saved.created
        self._curve = Timeline(saved.curve)
        self._first_seq = saved.first_seq
        self._first_time = None if first is None else first - ahead  # None: it is empty
        self._ahead = ahead  # seconds by which the server's clock is ahead
        self._ahead_before = ahead if before is None else before  # when the curve began
        self._behind = 0
        self._copied = False
        self._tolerance = 0.0

    def observe(
        self, stream: ObservedStream, now: float, tolerance: float, *, forward: float = 0.0
    ) -> None:
        """Learn from the poll at `now` (Unix seconds); compression may move times by `tolerance`
        seconds. `forward`: seconds by which `now` leaves out that the collector's clock was set.

        The history starts anew when the stream was recreated, or when its last sequence stays below
        the highest one seen for BEHIND_POLLS polls. (A new leader is behind for a moment only.)
        """
        last = self._curve.last
        self._behind = self._behind + 1 if last is not None and stream.last_seq < last else 0
        self._ahead = stream.clock_ahead + forward
        if self._begins_anew(stream):
            self._created, self._curve, self._behind = stream.created, Timeline(), 0
            self._first_time, self._ahead_before = None, self._ahead
        elif self._first_time is not None and now < self._curve.until:
            self._first_time += now - self._curve.until  # with the curve
        self._copied, self._tolerance = stream.config.mirrors, tolerance
        time = now if stream.last_time is None else stream.last_time - self._ahead
        self._curve.observe(stream.last_seq, time, now, tolerance, copied=self._copied)
        self._learn_first(stream)
        self._curve.forget_before(now - HORIZON)
        self._curve.thin()

    def _begins_anew(self, stream: ObservedStream) -> bool:
        """Whether nothing that was learnt holds: a mirror is filled with what is older than it."""
        if stream.created != self._created or self._behind >= BEHIND_POLLS:
            return True
        return stream.config.mirrors and self._curve.last == 0

    def _learn_first(self, stream: ObservedStream) -> None:
        """Learnt once: a clock that is set later does not change when it arrived."""
        if stream.first_time is None:
            self._first_time = None
        elif self._first_time is None or stream.first_seq != self._first_seq:
            self._first_time = self.arrival(stream.first_seq, stream.first_time)
        self._first_seq = stream.first_seq

    @property
    def is_behind(self) -> bool:
        """Whether the last poll was told of fewer messages than one before: by a new leader."""
        return self._behind > 0

    def lookup(self, seq: int) -> tuple[float, float]:
        """(arrival in Unix seconds, the most by which that may be off in seconds) of the first
        message stored at `seq` or after it; the time of the last poll if there is none yet.
        """
        first_time = self._first_time
        if first_time is None:
            return (self._curve.until, 0.0)
        if seq <= self._first_seq:
            return (first_time, 0.0)
        found = self._curve.lookup(seq)
        if found is None:
            found = interpolate(seq, (self._first_seq, first_time), self._curve.begin)
        return found if found[0] > first_time else (first_time, found[1])

    def arrival(self, seq: int, time: float) -> float:
        """When the message at `seq` arrived, whose own time is `time` of the server's clock.

        As far as polls saw it arrive they bound it: the clock that wrote its time may have been
        another server's, or set since. What is older than the polls was written before that.
        """
        found = self._curve.lookup(seq)
        if found is None:
            return min(time - self._ahead_before, self._curve.begin[1])
        converted = time - self._ahead
        estimate, off = found
        slack = off + self._tolerance if off else 0.0
        return min(max(converted, estimate - slack), estimate + slack, self._curve.until)

    def to_state(self) -> SequenceState:
        """Plain values; `SequenceTimes(state)` goes on from them."""
        first = None if self._first_time is None else self._first_time + self._ahead
        curve = self._curve.to_state()
        return SequenceState(
            self._created, curve, self._first_seq, first, self._ahead, self._ahead_before
        )
