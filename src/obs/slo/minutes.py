"""Good and total events of whole minutes, from the observations of a source that is polled.

A minute is returned once it has ended, so that it never has to be corrected.
"""

from typing import Final, NamedTuple

from obs.slo.windows import MINUTE

_BACKWARDS: Final = 2 * MINUTE  # a clock set back by more than this starts a new minute
_BRIDGED: Final = 5 * MINUTE


class Minute(NamedTuple):
    """Good and total events of the minute that starts at `start` (Unix seconds)."""

    start: int
    good: float
    total: float


class MinuteShare:
    """Each minute is one event; good is the share of its observations that were good.

    A minute without an observation, between two that are at most five minutes apart, is as good
    as these two on average: polls may be rarer than minutes.
    """

    __slots__ = ("_good", "_latest", "_seen", "_start")

    def __init__(self) -> None:
        self._start: int | None = None
        self._good = 0
        self._seen = 0
        self._latest = False

    def observe(self, at: float, good: bool) -> list[Minute]:
        """Count an observation at `at` (Unix seconds); returns the minutes that ended by it."""
        ended = self._turn(minute_of(at), good)
        self._seen += 1
        self._good += good
        self._latest = good
        return ended

    def _turn(self, start: int, good: bool) -> list[Minute]:
        before = self._start
        if before is not None and -_BACKWARDS <= start - before <= 0:
            return []
        ended: list[Minute] = []
        if before is not None:
            ended.append(Minute(before, self._good / self._seen, 1.0))
            if start - before <= _BRIDGED:
                between = (self._latest + good) / 2
                skipped = range(before + MINUTE, start, MINUTE)
                ended += [Minute(minute, between, 1.0) for minute in skipped]
        self._start, self._good, self._seen = start, 0, 0
        return ended


class MinuteCounts:
    """Good and total events of a minute from two counters: all events, and the bad ones.

    `state` is the counters' values (events, bad) at the end of the last minute returned. Saved over
    a restart, it makes what happened in between count, once.
    """

    __slots__ = ("_bad", "_events", "_start", "state")

    def __init__(self, state: tuple[float, float] | None = None) -> None:
        self.state = state
        self._start: int | None = None
        self._events = 0.0
        self._bad = 0.0

    def observe(self, at: float, events: float, bad: float) -> Minute | None:
        """Note the counters at `at` (Unix seconds); returns the minute that ended, if any."""
        start = minute_of(at)
        ended = None
        if self._start is None:
            self.state = self.state or (events, bad)
        elif start > self._start or start < self._start - _BACKWARDS:
            ended = self._end()
        if self._start is None or ended is not None:
            self._start = start
        self._events, self._bad = events, bad
        return ended

    def _end(self) -> Minute:
        assert self.state is not None
        assert self._start is not None
        events = _risen(self.state[0], self._events)
        bad = min(_risen(self.state[1], self._bad), events)
        self.state = (self._events, self._bad)
        return Minute(self._start, events - bad, events)


def minute_of(at: float) -> int:
    """Start of the minute of `at`, in Unix seconds."""
    return int(at // MINUTE) * MINUTE


def _risen(before: float, now: float) -> float:
    """By how much a counter rose; one that fell was reset to 0 in between."""
    return now - before if now >= before else now
