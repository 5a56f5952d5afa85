"""Cumulative counts of good and total events, sampled at equal steps in a ring."""

from array import array
from collections.abc import Iterable, Mapping
from math import inf
from typing import Final, NamedTuple

_PER_EVENT: Final = 2**20  # counts are whole multiples of 1/this, so that their sums are exact

Counts = tuple[float, float]  # good, total


class CountSpan(NamedTuple):
    """Events between start and start + width (Unix seconds), spread evenly."""

    start: int
    width: int
    good: float
    total: float


class CumulativeCounts:
    """The counts at the last `size` multiples of `step` (seconds).

    `newest` and `oldest` number the samples: sample n is the count of all events before n · step.
    """

    __slots__ = ("good", "newest", "oldest", "size", "step", "total")

    def __init__(self, step: int, reach_seconds: float) -> None:
        """All zeros, reaching back this many seconds from the newest sample."""
        self.step = step
        self.size = -int(-reach_seconds // step) + 1
        self.good = array("d", [0.0]) * self.size
        self.total = array("d", [0.0]) * self.size
        self.newest = 0
        self.oldest = 1 - self.size

    def bucket(self, index: int) -> Counts:
        """Events between sample `index` and the next; both have to be there."""
        start, end = index % self.size, (index + 1) % self.size
        return self.good[end] - self.good[start], self.total[end] - self.total[start]

    def advance(self, end: int, good: float, total: float) -> None:
        """Append samples up to `end` (Unix seconds) with these counts; the oldest are dropped."""
        first = self.newest + 1
        self.newest = end // self.step
        self.oldest = self.newest - self.size + 1
        for index in range(max(first, self.oldest), self.newest + 1):
            slot = index % self.size
            self.good[slot] = good
            self.total[slot] = total

    def shift(self, start: int, good: float, total: float) -> None:
        """Add these counts to every sample from `start` (Unix seconds) on."""
        for index in range(max(-(-start // self.step), self.oldest), self.newest + 1):
            slot = index % self.size
            self.good[slot] += good
            self.total[slot] += total

    def fill(self, spans: Iterable[CountSpan]) -> None:
        """Add the events of these spans, in one pass however many there are."""
        good = array("d", [0.0]) * self.size
        total = array("d", [0.0]) * self.size
        for span in spans:
            passed_good = passed_total = 0.0
            for at in self._samples_of(span):
                part = (at - span.start) / span.width
                up_to_good, up_to_total = exact(span.good * part), exact(span.total * part)
                place = max(-(-at // self.step) - self.oldest, 0)
                if place < self.size:
                    good[place] += up_to_good - passed_good
                    total[place] += up_to_total - passed_total
                passed_good, passed_total = up_to_good, up_to_total
        height_good = height_total = 0.0
        for place in range(self.size):
            height_good += good[place]
            height_total += total[place]
            slot = (self.oldest + place) % self.size
            self.good[slot] += height_good
            self.total[slot] += height_total

    def load(self, end: int, buckets: Mapping[int, Counts]) -> None:
        """Replace everything by buckets, by their start; the newest sample, at `end`, is 0."""
        self.newest = end // self.step
        self.oldest = self.newest - self.size + 1
        good = total = 0.0
        for index in range(self.newest, self.oldest - 1, -1):
            bucket_good, bucket_total = buckets.get(index * self.step, (0.0, 0.0))
            good -= bucket_good
            total -= bucket_total
            slot = index % self.size
            self.good[slot] = good
            self.total[slot] = total

    def _samples_of(self, span: CountSpan) -> range:
        end = span.start + span.width
        if end <= self.oldest * self.step:
            return range(end, end + 1)  # all of it is below the oldest sample
        stride = min(self.step, span.width)
        return range(span.start + stride, end + 1, stride)


def exact(count: float) -> float:
    """The count, rounded to 2⁻²⁰ of an event: sums and differences of such numbers are exact."""
    return round(count * _PER_EVENT) / _PER_EVENT if count % 1 else count


def checked(good: float, total: float) -> Counts:
    """Both counts, exact. Raises ValueError unless 0 ≤ good ≤ total < ∞."""
    if not 0 <= good <= total < inf:
        raise ValueError(f"{good} good of {total} events is not a count")
    return exact(good), exact(total)
