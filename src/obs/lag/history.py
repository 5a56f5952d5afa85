"""When the messages of a stream arrived, by sequence."""

from obs.lag.observed import Stream
from obs.lag.timeline import Timeline, TimelineState, interpolate

HORIZON = 86_400.0
BEHIND_POLLS = 3  # a new leader catches up within less

SequenceState = tuple[str, TimelineState, int, float | None, float]


class SequenceTimes:
    """Arrival times of one stream's messages, learnt from one observation a poll.

    Exact where the server says so (the stream's first and last message), interpolated between.
    Times are of the collector's clock; the server's are moved by how far the two were seen to
    differ. Call `observe` before the stream's consumers are judged with it.
    """

    __slots__ = ("_ahead", "_behind", "_created", "_curve", "_first_seq", "_first_time")

    def __init__(self, state: SequenceState | None = None) -> None:
        created, curve, first_seq, first_time, ahead = state or ("", None, 0, None, 0.0)
        self._created = created
        self._curve = Timeline(curve)
        self._first_seq = first_seq
        self._first_time = first_time  # of the server's clock; None: the stream is empty
        self._ahead = ahead  # seconds, of the server's clock
        self._behind = 0

    def observe(self, stream: Stream, now: float, tolerance: float) -> None:
        """Learn from one poll at `now`; `tolerance` in seconds is what compression may cost.

        The history starts anew when the stream was created again, or when its last sequence stays
        below what was seen for BEHIND_POLLS polls. (A new leader is behind for a moment only.)
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
        """(arrival in Unix seconds, how many seconds that may be off) of the oldest message stored
        at `seq` or after it; the time of the last poll if nothing that late had arrived by then.
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
        """The collector's time of something that happened at `time` of the server's clock."""
        return min(time - self._ahead, self._curve.until)

    def to_state(self) -> SequenceState:
        """Plain values; `SequenceTimes(state)` goes on from them."""
        curve = self._curve.to_state()
        return (self._created, curve, self._first_seq, self._first_time, self._ahead)
