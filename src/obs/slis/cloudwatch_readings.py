"""What SLIs over CloudWatch metrics read of the tracker and the past of an AWS source."""

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from obs.slis.kind import HistorySpan, MinuteEvents
from obs.slo.windows import DAY, HOUR, MINUTE
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.cloudwatch import AskedMetric, Reading, SeriesPoints
from obs.spec.cloudwatch_metrics import MetricSelection

KEPT_BY_MINUTE: Final = 15 * DAY
_MOST_POINTS: Final = 2_000_000
"""Of one SLO, minute by minute: fifteen days of 90 series. CloudWatch gives 90 000 a second."""
_POINTS_AT_ONCE: Final = 400_000  # in memory
_KEPT_BY_QUARTER: Final = 63 * DAY


class MetricTracker(Protocol):
    """The last snapshot of an AWS source."""

    @property
    def snapshot(self) -> AwsSnapshot | None: ...


class MetricHistory(Protocol):
    """An AWS source whose past can be read. Blocks; raises SourceError."""

    def metric_history(
        self, asked: Mapping[AskedMetric, Reading], start: float, end: float, period: int
    ) -> Mapping[AskedMetric, SeriesPoints]: ...


def by_minute(metric: MetricSelection, statistic: str) -> AskedMetric:
    """What is asked for a statistic of each minute."""
    return AskedMetric.of(metric.namespace, metric.name, metric.dimensions, statistic)


def sums(points: SeriesPoints) -> dict[int, float]:
    """Of all series together, by the start of their period; a negative value counts nothing."""
    found: dict[int, float] = {}
    for of_one in points.values():
        for start, value in of_one.items():
            found[start] = found.get(start, 0.0) + max(value, 0.0)
    return found


def spans_of_sums(span: HistorySpan, now: float) -> Iterator[HistorySpan]:
    """How a span can be read of sums: what CloudWatch has only by the hour is read so."""
    border = int(now - _KEPT_BY_QUARTER) // HOUR * HOUR + HOUR
    if span.step < HOUR and span.start < border:
        first = span.start // HOUR * HOUR
        yield HistorySpan(first, min(border, -(-span.end // HOUR) * HOUR), HOUR)
    if border < span.end:
        yield HistorySpan(max(span.start, border), span.end, span.step)


def spread(events: MinuteEvents, period: int, span: HistorySpan) -> dict[int, tuple[float, float]]:
    """Events of longer periods as shares of the buckets of a span."""
    parts = max(1, period // span.step)
    return {
        start + part * span.step: (good / parts, total / parts)
        for start, (good, total) in events.items()
        for part in range(parts)
        if span.start <= start + part * span.step < span.end
    }


def known_minutes(span: HistorySpan, now: float, series: int) -> HistorySpan:
    """The part of a span that CloudWatch still has minute by minute, and that can be read of so
    many series; may be empty."""
    readable = max(1, _MOST_POINTS // max(series, 1)) * MINUTE
    oldest = max(int(now - KEPT_BY_MINUTE), span.end - readable)
    first = -(-oldest // span.step) * span.step
    return HistorySpan(min(max(span.start, first), span.end), span.end, MINUTE)


def pieces(span: HistorySpan, series: int) -> Iterator[HistorySpan]:
    """A span in pieces of which this many series have not too many points at once."""
    width = max(1, _POINTS_AT_ONCE // max(series, 1)) * span.step
    for start in range(span.start, span.end, width):
        yield HistorySpan(start, min(start + width, span.end), span.step)
