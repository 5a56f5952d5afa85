"""Good and total events that a histogram of a Prometheus-compatible server counts."""

from collections.abc import Callable
from typing import Final

from obs.catalogue.metric import Metric
from obs.slis import prometheus
from obs.slis.kind import Counted, HistorySpan, Measurement, MinuteEvents, Observation
from obs.slis.prometheus import EventMeasurement, QueryHistory, QueryTracker
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.prometheus_slis import PrometheusLatencySli


class LatencyMeasurement(Measurement[PrometheusLatencySli, QueryTracker]):
    """The events of the queries that the histogram stands for."""

    def __init__(self, sli: PrometheusLatencySli) -> None:
        super().__init__(sli)
        self._events = EventMeasurement(sli.counted)
        self.asked = self._events.asked

    def observe(self, tracker: QueryTracker) -> Observation | None:
        """As EventMeasurement."""
        return self._events.observe(tracker)

    def history(
        self, source: QueryHistory, snapshot: PrometheusSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What the server kept."""
        return self._events.history(source, snapshot, span)

    def saved(self) -> bytes:
        """As EventMeasurement."""
        return self._events.saved()

    def restore(self, saved: bytes) -> None:
        """As EventMeasurement."""
        self._events.restore(saved)


def counting(sli: PrometheusLatencySli, delay: float, series: Callable[[Metric], str]) -> Counted:
    """As LatencyMeasurement counts."""
    return prometheus.counting(sli.counted, delay, series)


MEASUREMENT: Final = LatencyMeasurement
COUNTING: Final = counting
