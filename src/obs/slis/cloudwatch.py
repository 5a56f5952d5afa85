"""Good and total events that two CloudWatch metrics count."""

from collections.abc import Mapping
from typing import Final

import msgspec

from obs.slis.cloudwatch_readings import (
    MetricHistory,
    MetricTracker,
    by_minute,
    pieces,
    spans_of_sums,
    spread,
    sums,
)
from obs.slis.kind import HistorySpan, Measurement, MinuteEvents, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.cloudwatch import SeriesPoints
from obs.spec.slis import CloudWatchSli


class MetricEvents(Measurement[CloudWatchSli, MetricTracker]):
    """Events of all matching series together, by CloudWatch's minutes.

    No point is no event. But good events count as none only once there were some: a metric that
    never had any, perhaps by a mistake in its name, is no outage.
    """

    def __init__(self, sli: CloudWatchSli) -> None:
        super().__init__(sli)
        counted = sli.good or sli.bad
        assert counted is not None
        self._counted = by_minute(counted, counted.statistic)
        self._total = by_minute(sli.total, sli.total.statistic)
        self.asked = (self._counted, self._total)
        self._seen = sli.good is None

    def observe(self, tracker: MetricTracker) -> Observation | None:
        """The minutes that CloudWatch has completed; None where no series is there to count."""
        snapshot = tracker.snapshot
        if snapshot is None or not snapshot.readings.keys() >= {*self.asked}:
            return None
        counted, total = (snapshot.readings[one] for one in self.asked)
        self._seen = self._seen or any(counted.points.values())
        if not total.points or not self._seen:
            return None
        settled = total.settled
        events = self._events(counted.points, total.points)
        return Observation(
            minutes={start: counts for start, counts in events.items() if start < settled},
            watermark=settled,
            counted_from=minute_of(snapshot.at),
            known_from=snapshot.since,
            missed=self._events(counted.missed, total.missed),
        )

    def history(
        self, source: MetricHistory, snapshot: AwsSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What CloudWatch kept of the series that exist now."""
        found: dict[int, Counts] = {}
        asked = {one: snapshot.readings[one] for one in self.asked}
        series = sum(len(each.points) for each in asked.values())
        for whole in spans_of_sums(span, snapshot.at):
            for part in pieces(whole, series):
                past = source.metric_history(asked, part.start, part.end, part.step)
                events = self._events(past[self._counted], past[self._total])
                found |= spread(events, part.step, span)
        return found

    def saved(self) -> bytes:
        """Whether good events were ever seen."""
        return msgspec.msgpack.encode(self._seen)

    def restore(self, saved: bytes) -> None:
        """Go on from what an earlier run saved."""
        self._seen = msgspec.msgpack.decode(saved, type=bool) or self._seen

    def _events(self, counted: SeriesPoints, total: SeriesPoints) -> dict[int, Counts]:
        return events_of(sums(counted), sums(total), bad=self.sli.good is None)


def events_of(
    counted: Mapping[int, float], total: Mapping[int, float], *, bad: bool
) -> dict[int, Counts]:
    """(good, total) by minute. What was counted as bad or good is part of all, also where the total
    comes later."""
    found: dict[int, Counts] = {}
    for start in counted.keys() | total.keys():
        of_these = counted.get(start, 0.0)
        of_all = max(total.get(start, 0.0), of_these)
        found[start] = (of_all - of_these if bad else of_these, of_all)
    return found


MEASUREMENT: Final = MetricEvents
