"""Minutes in which a statistic of a CloudWatch metric was within limits."""

from collections.abc import Iterable, Iterator
from typing import Final

from obs.slis.cloudwatch_readings import (
    MetricHistory,
    MetricTracker,
    by_minute,
    known_minutes,
    pieces,
)
from obs.slis.kind import HistorySpan, Measurement, MinuteEvents, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.slo.windows import MINUTE
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.cloudwatch import SeriesPoints
from obs.spec.slis import CloudWatchMinutesSli


class MetricMinutes(Measurement[CloudWatchMinutesSli, MetricTracker]):
    """Each minute is one event: good where all series that have a value are within the limits.

    `missing` says what a minute without a value is; of several series all have to lack it, except
    where that is bad.
    """

    def __init__(self, sli: CloudWatchMinutesSli) -> None:
        super().__init__(sli)
        self._metric = by_minute(sli.metric, sli.metric.statistic)
        self.asked = (self._metric,)

    def observe(self, tracker: MetricTracker) -> Observation | None:
        """The minutes that CloudWatch has completed; None where there is no such series."""
        snapshot = tracker.snapshot
        reading = snapshot.readings.get(self._metric) if snapshot else None
        if snapshot is None or reading is None or not reading.points:
            return None
        minutes = range(int(snapshot.since), reading.settled, MINUTE)
        return Observation(
            dict(self._judged(reading.points, minutes)),
            reading.settled,
            minute_of(snapshot.at),
            known_from=snapshot.since,
        )

    def history(
        self, source: MetricHistory, snapshot: AwsSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What CloudWatch has minute by minute, of the last fifteen days: the value of a longer
        period does not tell how many of its minutes were good."""
        asked = {self._metric: snapshot.readings[self._metric]}
        series = len(asked[self._metric].points)
        buckets: dict[int, Counts] = {}
        for part in pieces(known_minutes(span, snapshot.at, series), series):
            past = source.metric_history(asked, part.start, part.end, MINUTE)
            minutes = range(part.start, part.end, MINUTE)
            for start, (good, total) in self._judged(past[self._metric], minutes):
                bucket = start // span.step * span.step
                before = buckets.get(bucket, (0.0, 0.0))
                buckets[bucket] = (before[0] + good, before[1] + total)
        return buckets

    def _judged(self, points: SeriesPoints, minutes: Iterable[int]) -> Iterator[tuple[int, Counts]]:
        missing, series = self.sli.missing, [*points.values()]
        for start in minutes:
            values = [of_one[start] for of_one in series if start in of_one]
            if len(values) < len(series) and missing == "bad":
                yield start, (0.0, 1.0)
            elif values:
                yield start, (float(all(map(self.sli.is_good, values))), 1.0)
            elif missing == "good":
                yield start, (1.0, 1.0)


MEASUREMENT: Final = MetricMinutes
