"""Spans of time that do not overlap, in whole minutes."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from obs.slo.windows import MINUTE

Span = tuple[int, int]
"""From one moment to another, in Unix seconds."""


class Spans:
    """Spans in the order of time. A minute of which any part is in a span is in it as a whole."""

    __slots__ = ("_before", "_ends", "_starts", "all")

    def __init__(self, spans: Iterable[tuple[float, float]] = ()) -> None:
        """Those that overlap or touch become one; empty ones are left out."""
        self.all: Final = tuple(_joined(spans))
        self._starts = [start for start, _ in self.all]
        self._ends = [end for _, end in self.all]
        self._before = [0, *accumulate(end - start for start, end in self.all)]

    def covers(self, moment: float) -> bool:
        """Whether a moment (Unix seconds) is within a span."""
        place = bisect_right(self._starts, moment) - 1
        return place >= 0 and moment < self._ends[place]

    def seconds(self, start: float, end: float) -> float:
        """How much of the time between two moments (Unix seconds) is within spans."""
        return max(self._until(end) - self._until(start), 0.0)

    def between(self, start: int, end: int) -> tuple[Span, ...]:
        """The parts of the spans between two moments."""
        parts = ((max(a, start), min(b, end)) for a, b in self.all)
        return tuple((a, b) for a, b in parts if a < b)

    def _until(self, moment: float) -> float:
        place = bisect_right(self._starts, moment) - 1
        if place < 0:
            return 0.0
        return self._before[place] + min(moment, self._ends[place]) - self._starts[place]


def _joined(spans: Iterable[tuple[float, float]]) -> list[Span]:
    found: list[Span] = []
    for begin, until in sorted(each for each in spans if each[0] < each[1]):
        start, end = int(begin // MINUTE) * MINUTE, -int(-until // MINUTE) * MINUTE
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
