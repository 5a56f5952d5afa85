"""The content of OTLP requests before it is encoded: data points that can be cut in two."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from obs.catalogue.metric import Metric

Points = tuple[Metric, Sequence[bytes]]
"""A metric with encoded data points."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Metrics with their points, `size` bytes in all."""

    metrics: tuple[Points, ...]
    size: int

    @property
    def points(self) -> int:
        """How many points it has."""
        return sum(len(points) for _, points in self.metrics)

    def halves(self) -> "tuple[Chunk, Chunk] | None":
        """The same in two; None for a single point."""
        if len(self.metrics) > 1:
            half = len(self.metrics) // 2
            return _chunk(self.metrics[:half]), _chunk(self.metrics[half:])
        ((metric, points),) = self.metrics
        if len(points) < 2:
            return None
        half = len(points) // 2
        return _chunk([(metric, points[:half])]), _chunk([(metric, points[half:])])


def _chunk(metrics: Sequence[Points]) -> Chunk:
    return Chunk(tuple(metrics), sum(len(point) for _, points in metrics for point in points))


def packed(every: Iterable[Points], largest: Callable[[], int]) -> Iterator[Chunk]:
    """All points in chunks of at most `largest` bytes, which is asked for before each chunk, as
    it may have become smaller. A single point may be larger."""
    chunk: list[Points] = []
    limit = room = largest()
    for metric, points in every:
        ends = list(accumulate(map(len, points)))
        begin = 0
        while begin < len(points):
            before = ends[begin - 1] if begin else 0
            end = bisect_right(ends, before + room)
            if end == begin and not chunk:
                end = begin + 1
            if end > begin:
                chunk.append((metric, points[begin:end]))
                room -= ends[end - 1] - before
                begin = end
            if begin < len(points):
                yield Chunk(tuple(chunk), limit - room)
                limit = room = largest()
                chunk = []
    if chunk:
        yield Chunk(tuple(chunk), limit - room)
