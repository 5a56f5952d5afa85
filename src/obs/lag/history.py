"""When the messages of a stream arrived, by sequence."""

from obs.lag.observed import ObservedStream
from obs.lag.timeline import Timeline, TimelineState, interpolate

HORIZON = 86_400.0  # seconds of history
BEHIND_POLLS = 3  # a new leader catches up in fewer

SequenceState = tuple[str, TimelineState, int, float | None, float]


class SequenceTimes:
    """Arrival times of one stream's messages, learnt from one observation a poll.

    Exact where the server says so (the stream's first and last message), interpolated between.
    Times are of the collector's clock: the server's are corrected by the difference seen between
    the two. Call `observe` before judging the stream's consumers.
    """

    __slots__ = ("_ahead", "_behind", "_created", "_curve", "_first_seq", "_first_time")

    def __init__(self, state: SequenceState | None = None) -> None:
        created, curve, first_seq, first_time, ahead = state or ("", None, 0, None, 0.0)
        self._created = created
        self._curve = Timeline(curve)
        self._first_seq = first_seq
        self._first_time = first_time  # of the server's clock; None: the stream is empty
        self._ahead = ahead  # seconds by which the server's clock is ahead
        self._behind = 0

    def observe(self, stream: ObservedStream, now: float, tolerance: float) -> None:
        """Learn from the poll at `now` (Unix seconds); compression may move times by `tolerance`
        seconds.

        The history starts anew when the stream was recreated, or when its last sequence stays below
        the highest one seen for BEHIND_POLLS polls. (A new leader is behind for a moment only.)
        """
        last = self._curve.last
        self._behind = self._behind + 1 if last is not None and stream.last_seq < last else 0
        if stream.created != self._created or self._behind >= BEHIND_POLLS:
            self._created, self._curve, self._behind, last = stream.created, Timeline(), 0, None
        self._first_seq, self._first_time = stream.first_seq, stream.first_time
        time = now
        if stream.last_time is not None:
            if last is None:
                self._ahead = max(self._ahead, stream.last_time - now)
            elif stream.last_seq > last:  # it arrived since the last poll, whatever its time says
                latest = max(stream.last_time - self._curve.until, stream.last_time - now)
                self._ahead = min(max(self._ahead, stream.last_time - now), latest)
            time = stream.last_time - self._ahead
        self._curve.observe(stream.last_seq, time, now, tolerance)
        self._curve.forget_before(now - HORIZON)
        self._curve.thin()

    def lookup(self, seq: int) -> tuple[float, float]:
        """(arrival in Unix seconds, the most by which that may be off in seconds) of the first
        message stored at `seq` or after it; the time of the last poll if there is none yet.
        """
        if self._first_time is None:
            return (self._curve.until, 0.0)
        first_time = self._first_time - self._ahead
        if seq <= self._first_seq:
            return (first_time, 0.0)
        found = self._curve.lookup(seq)
        if found is None:
            found = interpolate(seq, (self._first_seq, first_time), self._curve.begin)
        return found if found[0] > first_time else (first_time, found[1])

    def arrival(self, time: float) -> float:
        """`time` of the server's clock by the collector's (Unix seconds); at most the last poll."""
        return min(time - self._ahead, self._curve.until)

    def to_state(self) -> SequenceState:
        """Plain values; `SequenceTimes(state)` goes on from them."""
        curve = self._curve.to_state()
        return (self._created, curve, self._first_seq, self._first_time, self._ahead)
