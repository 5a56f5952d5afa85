"""Good and total events of whole minutes, from the observations of a source that is polled.

A minute is returned once it has ended, so that it never has to be corrected.
"""

from typing import Final, NamedTuple

from obs.slo.windows import MINUTE

BACKWARDS: Final = 2 * MINUTE  # a clock set back by more than this starts a new minute
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

    __slots__ = ("_broken_off", "_good", "_latest", "_seen", "_start")

    def __init__(self) -> None:
        self._start: int | None = None
        self._good = 0
        self._seen = 0
        self._latest = False
        self._broken_off = False

    def observe(self, at: float, good: bool) -> list[Minute]:
        """Count an observation at `at` (Unix seconds); returns the minutes that ended by it."""
        ended = self._turn(minute_of(at), good)
        self._seen += 1
        self._good += good
        self._latest = good
        return ended

    def break_off(self) -> None:
        """A poll could not tell: minutes from here to the next observation are no events."""
        self._broken_off = True

    def stop(self, at: float) -> list[Minute]:
        """What is observed is gone at `at` (Unix seconds); returns the minute that ended by it.

        The next observation begins anew: the minute of `at` is judged by what comes in it.
        """
        start, self._start = self._start, None
        self._broken_off = False
        if start is None or start >= minute_of(at):
            return []
        return [Minute(start, self._good / self._seen, 1.0)]

    def _turn(self, start: int, good: bool) -> list[Minute]:
        before = self._start
        if before is not None and -BACKWARDS <= start - before <= 0:
            return []
        ended: list[Minute] = []
        if before is not None:
            ended.append(Minute(before, self._good / self._seen, 1.0))
            if start - before <= _BRIDGED and not self._broken_off:
                between = (self._latest + good) / 2
                skipped = range(before + MINUTE, start, MINUTE)
                ended += [Minute(minute, between, 1.0) for minute in skipped]
        self._start, self._good, self._seen = start, 0, 0
        self._broken_off = False
        return ended


def minute_of(at: float) -> int:
    """Start of the minute of `at`, in Unix seconds."""
    return int(at // MINUTE) * MINUTE
