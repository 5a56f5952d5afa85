"""CloudWatch metrics that a spec names: which series exist, their points, and what they cost."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import LIST_REQUEST, METRIC_REQUESTED, MONTH, CostLine, Estimate
from obs.clients.metric_data import MetricSeries, Points, batches, billed_metrics
from obs.slo.totals import HORIZON_SECONDS
from obs.slo.windows import HOUR
from obs.snapshot.cloudwatch import AskedMetric, Dimensions, Reading, Readings
from obs.sources.aws.metric_listing import (
    LIST_EVERY,
    Listing,
    MetricListings,
    selection_of,
)
from obs.sources.aws.missed import Span, Uncounted, spans
from obs.sources.aws.retention import retention

SHOWN_PERIODS: Final = 2
"""Periods that a value is shown for: its own, and one in which the next may be late."""
_HORIZON_PERIODS: Final = 3
_PERIODS_FILLING: Final = 3  # that are read beyond the settled ones, with the usual delay

Asked = Mapping[AskedMetric, bool]
"""The metrics to read; True: over the whole horizon, for late and corrected points count."""
FindMissed = Callable[[int], Uncounted | None]
"""What nobody has counted of the time before a moment (Unix seconds)."""


class Request(NamedTuple):
    """Series of one period that are read together, `reach` seconds back."""

    period: int
    reach: int
    asked: tuple[AskedMetric, ...]


def horizon(period: int) -> int:
    """Seconds in which a late or corrected point of a period is still seen; whole periods."""
    return max(-(-HORIZON_SECONDS // period), _HORIZON_PERIODS) * period


class MetricReader:
    """The named metrics of one source. Not safe for two calls at the same time.

    `every` is the seconds between two polls: a metric with a longer period is read once a period.
    """

    def __init__(self, name: str, client: AwsClient, every: float) -> None:
        self._client = client
        self._every = every
        self._listings = MetricListings(name, client)
        self._known: dict[AskedMetric, Reading] = {}

    def current(self, asked: Asked, at: float) -> dict[AskedMetric, Listing]:
        """The series of each at `at` (Unix seconds). Raises SourceError."""
        found = self._listings.current(map(selection_of, asked), at)
        return {one: found[selection_of(one)] for one in asked}

    def read(
        self,
        asked: Asked,
        listings: Mapping[AskedMetric, Listing],
        at: float,
        delay: float,
        missed: FindMissed = lambda until: None,
    ) -> Readings:
        """All of them as of `at` (Unix seconds), `delay` seconds after which a period is complete.

        Raises SourceError rather than return part of it.
        """
        known, self._known = self._known, {}
        found: dict[AskedMetric, Reading] = {}
        for period, reach, of in requests(asked):
            settled = int(at - delay) // period * period
            series = {one: listings[one].series for one in of}
            since = settled - reach
            behind = missed(since) if reach == horizon(period) else None
            if behind is None and self._is_current(known, series, settled):
                found |= {
                    one: replace(known[one], missed={}, listed=listings[one].at) for one in of
                }
                continue
            end = int(at) // period * period + period
            every = period if period > self._every else None
            data = self._read(series, since, end, period, every)
            late: dict[AskedMetric, dict[Dimensions, Points]] = {one: {} for one in of}
            for span in _spans(behind, since, period):
                _merge(late, self._past(series, *span, at))
            found |= {one: Reading(data[one], settled, listings[one].at, late[one]) for one in of}
        self._known = found
        return found

    def history(
        self, asked: Mapping[AskedMetric, Reading], start: int, end: int, period: int, at: float
    ) -> dict[AskedMetric, dict[Dimensions, Points]]:
        """Past points of the series of readings, by `period` (seconds), as far as AWS keeps them.

        Raises SourceError.
        """
        series = {one: tuple(reading.points) for one, reading in asked.items()}
        return self._past(series, start, end, period, at)

    def _past(
        self,
        series: Mapping[AskedMetric, Sequence[Dimensions]],
        start: int,
        end: int,
        period: int,
        at: float,
    ) -> dict[AskedMetric, dict[Dimensions, Points]]:
        oldest = -(-int(at - retention(period)) // period) * period
        return self._read(series, max(start, oldest), end, period, 0)

    def _is_current(
        self,
        known: Mapping[AskedMetric, Reading],
        series: Mapping[AskedMetric, Sequence[Dimensions]],
        settled: int,
    ) -> bool:
        """Whether nothing has been completed since the last reading."""
        return all(
            one in known and known[one].settled == settled and known[one].points.keys() == {*of}
            for one, of in series.items()
        )

    def _read(
        self,
        series: Mapping[AskedMetric, Sequence[Dimensions]],
        start: int,
        end: int,
        period: int,
        every: float | None,
    ) -> dict[AskedMetric, dict[Dimensions, Points]]:
        ordered = in_order(series)
        if not ordered or start >= end:
            return {one: {each: {} for each in of} for one, of in series.items()}
        data = self._client.metric_data(ordered, start, end, period, every=every, counts=False)
        return {one: {each: data[_series(one, each)] for each in of} for one, of in series.items()}


def requests(asked: Asked) -> list[Request]:
    """What is read together: by period, and statistics of one metric, which are billed as one."""
    whole = {(one.namespace, one.name, one.period) for one, of_all in asked.items() if of_all}
    groups: dict[tuple[int, int], list[AskedMetric]] = {}
    for one in asked:
        period = one.period
        is_whole = (one.namespace, one.name, period) in whole
        reach = horizon(period) if is_whole else SHOWN_PERIODS * period
        groups.setdefault((period, reach), []).append(one)
    return [Request(period, reach, tuple(of)) for (period, reach), of in sorted(groups.items())]


def in_order(series: Mapping[AskedMetric, Sequence[Dimensions]]) -> list[MetricSeries]:
    """Each once, the statistics of one metric side by side: together they are billed as one."""
    every = {_series(one, each) for one, of in series.items() for each in of}
    return sorted(every, key=lambda each: (each.namespace, each.metric, each.dimensions, each))


def cost_lines(
    asked: Asked, listings: Mapping[AskedMetric, Listing], every: float
) -> tuple[CostLine, ...]:
    """Monthly cost of reading these series; `every` is the seconds between two polls."""
    metrics = 0.0
    for period, reach, of in requests(asked):
        ordered = in_order({one: listings[one].series for one in of})
        points = reach // period + _PERIODS_FILLING
        billed = sum(map(billed_metrics, batches(ordered, points)))
        metrics += billed * MONTH / max(every, period)
    by_selection = {selection_of(one): listings[one].requests for one in asked}
    lists = sum(by_selection.values()) * MONTH / max(LIST_EVERY, every)
    return (
        CostLine("GetMetricData of named metrics", metrics, metrics * METRIC_REQUESTED),
        CostLine("ListMetrics requests", lists, lists * LIST_REQUEST),
    )


def with_named(
    estimate: Estimate,
    asked: Asked,
    listings: Mapping[AskedMetric, Listing],
    every: float,
) -> Estimate:
    """The estimate with the cost of the named metrics added."""
    if not asked:
        return estimate
    lines = tuple(line for line in cost_lines(asked, listings, every) if line.units)
    number = len({_series(one, each)[:4] for one in asked for each in listings[one].series})
    said = (
        f"named metrics: {number} series of {len(asked)} metrics, read once a period or poll; "
        f"listed every {LIST_EVERY:g} s where they have globs"
    )
    return Estimate((*estimate.lines, *lines), (*estimate.assumptions, said))


def not_read(listings: Mapping[AskedMetric, Listing]) -> Counter[str]:
    """Series that exist but are not read, by reason."""
    found = {selection_of(one): each for one, each in listings.items()}
    counts: Counter[str] = Counter()
    for each in found.values():
        counts.update(each.left_out)
    return counts


def _series(one: AskedMetric, dimensions: Dimensions) -> MetricSeries:
    return MetricSeries(one.namespace, one.name, one.statistic, dimensions)


def _merge(
    into: Mapping[AskedMetric, dict[Dimensions, Points]],
    found: Mapping[AskedMetric, Mapping[Dimensions, Points]],
) -> None:
    for one, series in found.items():
        for each, points in series.items():
            into[one].setdefault(each, {}).update(points)


def _spans(uncounted: Uncounted | None, until: int, period: int) -> list[Span]:
    """How to read what is not counted before `until`: by the period, or by hours if shorter."""
    if uncounted is None:
        return []
    if HOUR % period:
        found = [Span(uncounted.since // period * period, until, period)]
    else:
        found = [
            Span(span.start // period * period, span.end, max(span.period, period))
            for span in spans(uncounted, until)
        ]
    return [span for span in found if span.start < span.end]
