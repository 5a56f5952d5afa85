"""What is known of dead letters: how many by when, and for which periods none was missed."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from obs.slo.minutes import BACKWARDS, minute_of
from obs.slo.windows import HOUR

KEPT: Final = 6 * HOUR  # how long dead letters are told apart by minute


class HeardSpan(NamedTuple):
    """From `since` up to `until` (Unix seconds) no dead letter of an account was missed."""

    since: float
    until: float


def knows(spans: Sequence[HeardSpan], start: float, end: float) -> bool | None:
    """Whether the dead letters of [start, end) are known; None while that may still come.

    `spans` are in the order of time.
    """
    if any(span.since <= start and end <= span.until for span in spans):
        return True
    return None if not spans or spans[-1].since <= start else False


class DeadLetterCounts:
    """The dead letters of one consumer, and how often they had been delivered."""

    __slots__ = ("_minutes", "deliveries", "total")

    def __init__(
        self,
        total: int = 0,
        deliveries: int = 0,
        minutes: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        """`minutes`: the latest of them by the start of their minute, as `minutes` gives them."""
        self.total = total
        self.deliveries = deliveries
        self._minutes = dict(minutes or {})

    @property
    def minutes(self) -> dict[int, tuple[int, int]]:
        """(dead letters, their deliveries) by minute, for the last hours."""
        return dict(self._minutes)

    @property
    def last(self) -> float:
        """When the last one was given up, to the minute (Unix seconds); 0 where that was long ago,
        or there is none."""
        return max(self._minutes, default=0)

    def add(self, at: float, deliveries: int) -> None:
        """Count one that was given up at `at` (Unix seconds), after so many deliveries."""
        self.total += 1
        self.deliveries += deliveries
        minute = minute_of(at)
        for other in [m for m in self._minutes if m > minute + BACKWARDS]:
            self._move(other, minute)  # the clock was set back
        number, tries = self._minutes.get(minute, (0, 0))
        self._minutes[minute] = (number + 1, tries + deliveries)
        for other in [m for m in self._minutes if m < minute - KEPT]:
            del self._minutes[other]

    def by(self, moment: int) -> tuple[int, int]:
        """(dead letters, their deliveries) before `moment`, the start of a minute."""
        later = [counts for minute, counts in self._minutes.items() if minute >= moment]
        number = self.total - sum(number for number, _ in later)
        return number, self.deliveries - sum(tries for _, tries in later)

    def _move(self, source: int, target: int) -> None:
        number, tries = self._minutes.pop(source)
        before, tries_before = self._minutes.get(target, (0, 0))
        self._minutes[target] = (before + number, tries_before + tries)
