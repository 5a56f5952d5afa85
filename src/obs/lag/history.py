"""When the messages of a stream arrived, by sequence."""

from obs.lag.curve import Curve, CurveState, interpolate
from obs.lag.observed import Stream

HORIZON = 86_400.0
BEHIND_POLLS = 3  # a new leader catches up within less

SequenceState = tuple[str, CurveState, int, float | None]


class SequenceTimes:
    """Arrival times of one stream's messages, learnt from one observation a poll.

    Exact where the server says so (the stream's first and last message), interpolated between.
    Call `observe` before the stream's consumers are judged with it.
    """

    __slots__ = ("_behind", "_created", "_curve", "_first_seq", "_first_time")

    def __init__(self, state: SequenceState | None = None) -> None:
        created, curve, first_seq, first_time = state or ("", None, 0, None)
        self._created = created
        self._curve = Curve(curve)
        self._first_seq = first_seq
        self._first_time = first_time
        self._behind = 0

    def observe(self, stream: Stream, now: float, tolerance: float) -> None:
        """Learn from one poll at `now`; `tolerance` in seconds is what compression may cost.

        The history starts anew when the stream was created again, or when its last sequence stays
        below what was seen for BEHIND_POLLS polls. (A new leader is behind for a moment only.)
        """
        last = self._curve.last
        self._behind = self._behind + 1 if last is not None and stream.last_seq < last else 0
        if stream.created != self._created or self._behind >= BEHIND_POLLS:
            self._created, self._curve, self._behind = stream.created, Curve(), 0
        self._first_seq, self._first_time = stream.first_seq, stream.first_time
        time = now if stream.last_time is None else stream.last_time
        self._curve.observe(stream.last_seq, time, now, tolerance)
        self._curve.forget_before(now - HORIZON)
        self._curve.thin()

    def lookup(self, seq: int) -> tuple[float, float]:
        """(arrival in Unix seconds, how many seconds that may be off) of the oldest message stored
        at `seq` or after it; the time of the last poll if nothing that late had arrived by then.
        """
        first_time = self._first_time
        if first_time is None:
            return (self._curve.until, 0.0)
        if seq <= self._first_seq:
            return (first_time, 0.0)
        found = self._curve.lookup(seq)
        if found is None:
            first = self._curve.lookup(self._curve.first or 0)
            assert first is not None
            low, high = (self._first_seq, first_time), (self._curve.first or 0, first[0])
            found = interpolate(seq, low, high)
        return found if found[0] > first_time else (first_time, found[1])

    def to_state(self) -> SequenceState:
        """Plain values; `SequenceTimes(state)` goes on from them."""
        return (self._created, self._curve.to_state(), self._first_seq, self._first_time)
