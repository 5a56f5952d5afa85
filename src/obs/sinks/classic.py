"""Histograms as the classic series that a scrape of the text formats has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, Rows, Value
from obs.sinks.labels import PerRows


@lru_cache
def _part(metric: Metric, part: str) -> Metric:
    labels = (*metric.labels, "le") if part == "bucket" else metric.labels
    return replace(metric, name=f"{metric.name}_{part}", kind=Kind.COUNTER, labels=labels)


@lru_cache
def bounds(buckets: tuple[float, ...]) -> tuple[str, ...]:
    """Values of the label le as OpenMetrics writes them, in either format: else they were
    different series."""
    return (*(repr(float(bound)) for bound in buckets), "+Inf")


def _bucket_rows(rows: Rows, le: tuple[str, ...]) -> Rows:
    return Rows((*row, bound) for row in rows.values for bound in le)


class ClassicHistograms:
    """The families of each histogram's buckets, counts and sums; rows stay the same objects."""

    def __init__(self) -> None:
        self._buckets = PerRows(_bucket_rows)

    def families(self, family: Family) -> Iterator[Family]:
        """Three families of counters for one of histograms."""
        metric, le = family.metric, bounds(family.metric.buckets)
        found = family.histograms
        numbers: list[Value] = []
        for each in found:
            numbers += (None,) * len(le) if each is None else (*each.classic, each.count)
        counts: Sequence[Value] = [None if each is None else each.count for each in found]
        sums: Sequence[Value] = [None if each is None else each.sum for each in found]
        buckets = self._buckets(family.rows, le)
        every = len(le)
        restarts = {
            row * every + at: since for row, since in family.restarts.items() for at in range(every)
        }
        yield Family(_part(metric, "bucket"), buckets, numbers, family.since, restarts=restarts)
        for part, values in (("count", counts), ("sum", sums)):
            yield replace(family, metric=_part(metric, part), values=values, histograms=())
