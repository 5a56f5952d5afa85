"""A histogram as one value: classic buckets, and exponential ones for what can read them.

The exponential buckets are those of Prometheus' native histograms and of OTLP: eight for each
doubling, each 9 % wide, so that a quantile read from them is off by less, at any scale.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

SCHEMA: Final = 3
"""The upper bound of bucket i is 2^(i / 2^SCHEMA)."""
ZERO_THRESHOLD: Final = 2.0**-20
"""Values up to it, about a microsecond, share one bucket."""
_PER_DOUBLING: Final = 2**SCHEMA
_HIGHEST: Final = 20 * _PER_DOUBLING  # 2^20 seconds are twelve days


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One of the values of a bucket, at a time (Unix seconds), and the trace that explains it."""

    trace_id: str
    value: float
    at: float


Exemplars = tuple[Exemplar | None, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """What was observed. `classic[i]` values were at most the i-th bound of the metric's buckets.

    `exponential` has the buckets that are not empty, as (index, number), by index; bucket i is for
    values above the upper bound of bucket i - 1. `zeros` values were at most ZERO_THRESHOLD.
    `exemplars[i]` is the latest of classic bucket i, the last of which is for what is above all
    bounds; empty where there is none.
    """

    count: int
    sum: float
    classic: tuple[int, ...]
    zeros: int = 0
    exponential: tuple[tuple[int, int], ...] = ()
    exemplars: Exemplars = ()


class Observations:
    """Counts values, none of which is below zero."""

    __slots__ = ("_bounds", "_classic", "_exemplars", "_exponential", "count", "sum", "zeros")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds`: upper bounds of the classic buckets, the last of which is not infinity."""
        self._bounds = bounds
        self._classic = [0] * (len(bounds) + 1)
        self._exponential: dict[int, int] = {}
        self._exemplars: dict[int, Exemplar] = {}
        self.count = 0
        self.sum = 0.0
        self.zeros = 0

    def add(self, value: float, trace_id: str = "", at: float = 0.0) -> None:
        """Count one value; with the id of a trace it becomes the exemplar of its bucket."""
        self.count += 1
        self.sum += value
        bucket = bisect_left(self._bounds, value)
        self._classic[bucket] += 1
        if trace_id:
            self._exemplars[bucket] = Exemplar(trace_id, value, at)
        if value <= ZERO_THRESHOLD:
            self.zeros += 1
        else:
            index = bucket_of(value)
            self._exponential[index] = self._exponential.get(index, 0) + 1

    def add_all(self, other: "Histogram") -> None:
        """Count all of a histogram with the same bounds.

        One with other bounds, of another version of obs, only adds to what they have in common.
        """
        self.count += other.count
        self.sum += other.sum
        self.zeros += other.zeros
        for index, number in other.exponential:
            self._exponential[index] = self._exponential.get(index, 0) + number
        if len(other.classic) == len(self._bounds):
            before = 0
            for index, upto in enumerate(other.classic):
                self._classic[index] += upto - before
                before = upto
            self._classic[-1] += other.count - before
        else:
            self._classic[-1] += other.count

    def histogram(self) -> Histogram:
        """All so far, as a value."""
        return Histogram(
            self.count,
            self.sum,
            tuple(accumulate(self._classic[:-1])),
            self.zeros,
            tuple(sorted(self._exponential.items())),
            tuple(map(self._exemplars.get, range(len(self._classic)))) if self._exemplars else (),
        )


def bucket_of(value: float) -> int:
    """The index of the exponential bucket of a value above ZERO_THRESHOLD."""
    return min(math.ceil(math.log2(value) * _PER_DOUBLING), _HIGHEST)


def spans(histogram: Histogram) -> list[tuple[int, list[int]]]:
    """The exponential buckets in runs without a gap: (index of the first, numbers)."""
    runs: list[tuple[int, list[int]]] = []
    for index, number in histogram.exponential:
        if runs and index == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(number)
        else:
            runs.append((index, [number]))
    return runs
