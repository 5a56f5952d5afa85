"""What CloudWatch has of metrics that are asked for by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

Dimensions = tuple[tuple[str, str], ...]
"""Name and value of each dimension of a series, in the order in which they are asked for."""
SeriesPoints = Mapping[Dimensions, Mapping[int, float]]
"""By series, then by the start of the period in Unix seconds; a period without a point is not in
it."""


class AskedMetric(NamedTuple):
    """A statistic of all series of a metric whose dimensions match; `period` in seconds.

    `dimensions` are pairs of a name and a glob. `listed_as` is the metric by which its series are
    found, its own unless given.
    """

    namespace: str
    name: str
    dimensions: Dimensions
    statistic: str
    period: int
    listed_as: str = ""

    @classmethod
    def of(
        cls,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        statistic: str,
        period: float = 60,
        *,
        listed_as: str = "",
    ) -> Self:
        """From the fields of a spec."""
        return cls(namespace, name, tuple(dimensions.items()), statistic, int(period), listed_as)


@dataclass(frozen=True, slots=True)
class Reading:
    """The series of an asked metric that exist, and their points.

    Periods before `settled` (Unix seconds) are complete but for late corrections, later ones are
    still filling. `listed` is when CloudWatch listed the series; None where the spec names them in
    full. `missed` has points from before those that every poll reads, which no poll has seen,
    because the one before was long ago: by the start of their period, or of their hour.
    """

    points: SeriesPoints
    settled: int
    listed: float | None = None
    missed: SeriesPoints = field(default_factory=dict)


Readings = Mapping[AskedMetric, Reading]
