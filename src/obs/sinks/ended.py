"""Series that were pushed before and are gone now, so that a receiver can end them at once.

A scrape tells by leaving a series out; what is pushed would stand for minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Pushed:
    """The rows of a family, and the indexes of those that had no sample."""

    rows: Rows
    absent: frozenset[int]


Shown = Mapping[Metric, tuple[_Pushed, ...]]
"""What has samples, by metric."""


def shown_by(families: Sequence[Family]) -> Shown:
    """What these families have samples of, without histograms: their points are of another form."""
    shown: dict[Metric, tuple[_Pushed, ...]] = {}
    for family in families:
        if family.metric.kind is Kind.HISTOGRAM:
            continue
        one = _Pushed(family.rows, _absent(family))
        shown[family.metric] = (*shown.get(family.metric, ()), one)
    return shown


def _absent(family: Family) -> frozenset[int]:
    if None not in family.values:
        return frozenset()
    return frozenset(i for i, value in enumerate(family.values) if value is None)


class EndedSeries(Generic[T]):
    """Remembers what a receiver has taken; `heads` gives what stands for each row of a metric."""

    def __init__(self, heads: Callable[[Rows, tuple[str, ...]], Sequence[T]]) -> None:
        self._heads = heads
        self._taken: Shown = {}

    def since_last(self, now: Shown) -> dict[Metric, list[T]]:
        """The heads of the series that were taken and are not shown now, by metric."""
        ended: dict[Metric, list[T]] = {}
        for metric, before in self._taken.items():
            shown = now.get(metric, ())
            if shown != before and (gone := self._gone(metric, before, shown)):
                ended[metric] = gone
        return ended

    def taken(self, now: Shown) -> None:
        """The receiver has taken these, and the end of the others."""
        self._taken = now

    def _gone(self, metric: Metric, before: Sequence[_Pushed], now: Sequence[_Pushed]) -> list[T]:
        there = {head for each in now for head in self._of(metric, each)}
        return [head for each in before for head in self._of(metric, each) if head not in there]

    def _of(self, metric: Metric, pushed: _Pushed) -> Sequence[T]:
        heads = self._heads(pushed.rows, metric.labels)
        if not pushed.absent:
            return heads
        return [head for i, head in enumerate(heads) if i not in pushed.absent]
