"""A compressed, rising curve of (count, time)."""

from array import array
from bisect import bisect_left
from math import inf
from typing import Final

TOLERANCE: Final = 0.125  # of a poll interval: the most by which compression may move a time
MAX_KNOTS: Final = 256

TimelineState = tuple[list[int], list[float], list[float], float]


class Timeline:
    """When the n-th event happened, learnt from (n, time) points that never fall.

    Points on a straight line are dropped as they come (swinging-door compression, Bristol 1987):
    the curve passes every dropped point within a tolerance in seconds. A stretch without events is
    a step. Each segment holds the longest time between two of its points, because an event between
    two points may have happened at any time between them.
    """

    __slots__ = ("_counts", "_exact", "_gaps", "_growing", "_high", "_low", "_times", "until")

    def __init__(self, state: TimelineState | None = None, *, exact: bool = True) -> None:
        """`exact`: the times observed are those of the events; else the latest possible ones."""
        counts, times, gaps, until = state or ([], [], [], 0.0)
        self._exact = exact
        self._counts = array("q", counts)
        self._times = array("d", times)
        self._gaps = array("d", gaps)  # of the segment that ends at the knot
        self._growing = False  # whether the last segment may be extended
        self._low = -inf  # seconds a count, of lines that pass all dropped points
        self._high = inf
        self.until = until  # Unix seconds: no event after the last knot had happened by then

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def begin(self) -> tuple[int, float]:
        """The first (count, time) of a curve that is not empty."""
        return (self._counts[0], self._times[0])

    @property
    def first(self) -> int | None:
        """The lowest count the curve knows."""
        return self._counts[0] if self._counts else None

    @property
    def last(self) -> int | None:
        """The highest count the curve knows."""
        return self._counts[-1] if self._counts else None

    def observe(
        self, count: int, time: float, now: float, tolerance: float, *, copied: bool = False
    ) -> None:
        """Learn that the count-th event happened at `time`, and none after it until `now`.

        `time` is limited to between the last observation and `now`, so that a difference between
        two clocks does no harm. `copied`: the events happened elsewhere, and are learnt of at any
        later time: `time` is limited to after the last event's. Where `now` is before the last
        observation the clock was put back: the whole curve moves with it, so that ages stay the
        same. A count below the last is ignored. All are in (Unix) seconds.
        """
        if not self._counts:
            self._append(count, min(time, now), 0.0)
        else:
            if now < self.until:
                self._shift(now - self.until)
            if count > self._counts[-1]:
                since = self._times[-1] if copied else self.until
                time = min(max(time, since), now)
                self._learn(count, time, since, (time if copied else now) - since, tolerance)
        self.until = now

    def _append(self, count: int, time: float, gap: float) -> None:
        self._counts.append(count)
        self._times.append(time)
        self._gaps.append(gap)
        self._low, self._high = -inf, inf

    def _learn(self, count: int, time: float, since: float, gap: float, tolerance: float) -> None:
        if since - self._times[-1] > tolerance:  # quiet up to the last observation: a step
            self._append(self._counts[-1], since, 0.0)
            self._growing = False
        if self._growing and self._extend(count, time, gap, tolerance):
            return
        self._append(count, time, gap)
        self._growing = True

    def _extend(self, count: int, time: float, gap: float, tolerance: float) -> bool:
        """Extend the last segment to the new point, if it still passes all dropped ones."""
        if gap > 2 * self._gaps[-1] + tolerance:  # polls were missed: an uncertain segment apart
            return False
        start, begin = self._counts[-2], self._times[-2]
        width, height = self._counts[-1] - start, self._times[-1] - begin
        low = max(self._low, (height - tolerance) / width)
        high = min(self._high, (height + tolerance) / width)
        if not low <= (time - begin) / (count - start) <= high:
            return False
        self._low, self._high = low, high
        self._counts[-1], self._times[-1] = count, time
        self._gaps[-1] = max(gap, self._gaps[-1])
        return True

    def lookup(self, count: int) -> tuple[float, float] | None:
        """(when the count-th event happened, the most by which that may be off) in seconds; None
        before the curve begins.

        The tolerance comes on top. An event yet to happen has the time of the last observation.
        """
        counts = self._counts
        i = bisect_left(counts, count)
        if i == len(counts):
            return (self.until, 0.0)
        time = self._times[i]
        known = counts[i] == count
        if known and self._exact:
            return (time, 0.0)
        if i == 0:
            return (time, 0.0) if known else None
        before, start = self._times[i - 1], counts[i - 1]
        estimate = before + (time - before) * (count - start) / (counts[i] - start)
        earlier, later, gap = estimate - before, time - estimate, self._gaps[i]
        off = earlier if earlier > later else later  # faster than max, at each lookup
        return (estimate, off if off < gap else gap)

    def _shift(self, seconds: float) -> None:
        self._times = array("d", [time + seconds for time in self._times])
        self.until += seconds

    def forget_before(self, time: float) -> None:
        """Drop the knots before `time`, except the one where the rest begins."""
        if len(self._times) > 2 and self._times[1] < time:
            self._drop(bisect_left(self._times, time) - 1)

    def forget_below(self, count: int) -> None:
        """Drop the knots that no lookup of `count` or above needs."""
        if len(self._counts) > 2 and self._counts[1] < count:
            self._drop(bisect_left(self._counts, count) - 1)

    def _drop(self, knots: int) -> None:
        knots = min(knots, len(self._counts) - 2)  # a growing segment needs both its ends
        del self._counts[:knots], self._times[:knots], self._gaps[:knots]

    def thin(self, cap: int = MAX_KNOTS) -> None:
        """Above `cap` knots, drop every second of the older half, which widens the error bounds."""
        if len(self._counts) <= cap:
            return
        for i in range(len(self._counts) // 4 * 2 - 1, 0, -2):
            self._gaps[i + 1] = self._times[i + 1] - self._times[i - 1]
            del self._counts[i], self._times[i], self._gaps[i]

    def to_state(self) -> TimelineState:
        """Plain values; `Timeline(state)` goes on from them."""
        return (list(self._counts), list(self._times), list(self._gaps), self.until)


def interpolate(x: int, low: tuple[int, float], high: tuple[int, float]) -> tuple[float, float]:
    """(time, the most by which it may be off) at x on the line between two (count, time) points."""
    span = max(high[1] - low[1], 0.0)
    estimate = low[1] + span * (x - low[0]) / (high[0] - low[0])
    return (estimate, max(estimate - low[1], low[1] + span - estimate))
