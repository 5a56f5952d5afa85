"""Good and total events of whole minutes, from the observations of a source that is polled.

A minute is returned once it has ended, so that it never has to be corrected.
"""

from typing import Final, NamedTuple

from obs.slo.windows import MINUTE

BACKWARDS: Final = 2 * MINUTE  # a clock set back by more than this starts a new minute


class Minute(NamedTuple):
    """Good and total events of the minute that starts at `start` (Unix seconds)."""

    start: int
    good: float
    total: float


class MinuteShare:
    """Each observed minute is one event; good is the share of its observations that were good."""

    __slots__ = ("_good", "_seen", "_start")

    def __init__(self) -> None:
        self._start: int | None = None
        self._good = 0
        self._seen = 0

    def observe(self, at: float, good: bool) -> Minute | None:
        """Count an observation at `at` (Unix seconds); returns the minute that ended, if any."""
        ended = self._turn(at)
        self._seen += 1
        self._good += good
        return ended

    def _turn(self, at: float) -> Minute | None:
        start = minute_of(at)
        if self._start is not None and -BACKWARDS <= start - self._start <= 0:
            return None
        ended = (
            Minute(self._start, self._good / self._seen, 1.0) if self._start is not None else None
        )
        self._start, self._good, self._seen = start, 0, 0
        return ended


def minute_of(at: float) -> int:
    """Start of the minute of `at`, in Unix seconds."""
    return int(at // MINUTE) * MINUTE
