"""The CloudWatch metrics that a spec names as counters and gauges, kept over restarts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from obs.catalogue.metric import Kind, Metric
from obs.families.cloudwatch import metric_family
from obs.families.family import Family, RowCache, Value
from obs.slo.minutes import minute_of
from obs.slo.windows import DAY, MINUTE
from obs.snapshot.cloudwatch import AskedMetric, Dimensions, Reading, Readings
from obs.sources.aws.counters import ENCODE, SEPARATOR, CounterKind, Totals, restored
from obs.sources.aws.metric_reader import SHOWN_PERIODS, horizon
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.state import State

_LISTED: Final = "cloudwatch_listed"
_LISTED_LATE: Final = 20 * MINUTE
"""A new series is listed after up to fifteen minutes: its first points are older than that."""
_FORGOTTEN: Final = 16 * DAY
"""After two weeks without data CloudWatch lists a series no more."""

MetricKey = tuple[str, ...]
"""Statistic, period, namespace and name, then name and value of each dimension."""

_KIND: Final = CounterKind[MetricKey](
    totals="cloudwatch_metric",
    words=lambda key: key,
    key=lambda statistic, period, space, name, *pairs: (statistic, period, space, name, *pairs),
    horizon=lambda key: horizon(int(key[1])),
)


class MetricCounters:
    """The named metrics of one source.

    Counters begin at the first start. A series that CloudWatch lists later is new: it is counted
    from the last listing without it on.
    """

    def __init__(
        self,
        source: str,
        metrics: Sequence[ExportedMetric],
        state: State,
        on_damage: Callable[[], None],
    ) -> None:
        self.exported = tuple(metrics)
        self._source = source
        self._asked = {asked_of(metric): metric for metric in metrics}
        self._families = {one: metric.exported_metric for one, metric in self._asked.items()}
        self._state = state
        self._kept = RowCache()
        self._totals = Totals(_KIND, source, state, on_damage)
        self._listed = restored(state, _LISTED, source, dict[str, float], on_damage) or {}

    def update(self, readings: Readings, at: float) -> list[Family]:
        """Count what is new; `at` is the time of the poll (Unix seconds)."""
        self._totals.next_poll()
        values: dict[Metric, dict[Dimensions, Value]] = {}
        for one, metric in self._asked.items():
            reading = readings.get(one)
            if reading is None:
                continue
            family = self._families[one]
            rows = values.setdefault(family, {})
            per_unit = family.twin.per_unit
            if family.kind is Kind.COUNTER:
                for series, total in self._count(one, reading, at):
                    rows[series] = total / per_unit
                continue
            for series, points in reading.points.items():
                value = shown_value(points, reading.settled, one.period, metric.meaning)
                rows[series] = None if value is None else value / per_unit
        self._remember(readings, at)
        since = self._totals.since()
        return [
            metric_family(family, self._source, rows, since, self._kept)
            for family, rows in values.items()
        ]

    def save(self) -> None:
        """Queue every counter."""
        self._totals.save()
        self._put_listed()

    def _count(
        self, one: AskedMetric, reading: Reading, at: float
    ) -> Iterator[tuple[Dimensions, float]]:
        now, before = minute_of(at) // one.period * one.period, self._before(one, reading)
        for series, points in reading.points.items():
            key = _key(one, series)
            counts = (
                {start: value for start, value in each.items() if value >= 0}
                for each in (reading.missed.get(series, {}), points)
            )
            self._totals.count(key, now, before, *counts)
            yield series, self._totals.value(key)

    def _before(self, one: AskedMetric, reading: Reading) -> int | None:
        """When the series that are listed now for the first time did not exist yet."""
        before = self._listed.get(self._selection(one))
        if before is None or reading.listed is None or before >= reading.listed:
            return None
        return minute_of(before - _LISTED_LATE) // one.period * one.period

    def _remember(self, readings: Readings, at: float) -> None:
        """When each was last listed; and forget the counters that are long gone."""
        before = dict(self._listed)
        self._listed = {
            self._selection(one): listed
            for one in self._asked
            if one in readings and (listed := readings[one].listed) is not None
        }
        if self._listed == before:
            return
        self._put_listed()
        there = {
            _key(one, each)
            for one in self._asked
            if one in readings
            for each in readings[one].points
        }
        self._totals.forget(there, at - _FORGOTTEN)

    def _put_listed(self) -> None:
        self._state.put(_LISTED, self._source, ENCODE(self._listed))

    def _selection(self, one: AskedMetric) -> str:
        return SEPARATOR.join((self._source, *_key(one, one.dimensions)))


def asked_metrics(
    exported: Iterable[ExportedMetric], of_slis: Iterable[AskedMetric] = ()
) -> dict[AskedMetric, bool]:
    """The metrics to read; True: over the whole horizon, for corrections count."""
    found = {asked_of(metric): metric.meaning == "sparse" for metric in exported}
    return found | dict.fromkeys(of_slis, True)


def asked_of(metric: ExportedMetric) -> AskedMetric:
    """What is read of a metric that is exported."""
    return AskedMetric.of(
        *(metric.namespace, metric.name, metric.dimensions, metric.statistic, metric.period),
        listed_as=metric.listed_as,
    )


def shown_value(
    points: Mapping[int, float], settled: int, period: int, meaning: str
) -> float | None:
    """The value of a gauge once the periods before `settled` (Unix seconds) are complete.

    A heartbeat's is that of the last period, 0 without a point. A level's is the newest one that is
    no older than two periods; None where there is none.
    """
    if meaning == "heartbeat":
        return points.get(settled - period, 0.0)
    oldest = settled - SHOWN_PERIODS * period
    newest = max((start for start in points if oldest <= start < settled), default=None)
    return None if newest is None else points[newest]


def _key(one: AskedMetric, dimensions: Dimensions) -> MetricKey:
    words = (one.statistic, str(one.period), one.namespace, one.name)
    return (*words, *(word for pair in dimensions for word in pair))
