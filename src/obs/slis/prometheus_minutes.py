"""Minutes at whose end a condition in PromQL held."""

from collections.abc import Callable, Mapping
from typing import Final

from obs.catalogue import recorded
from obs.catalogue.metric import Metric
from obs.slis.event_queries import MINUTE, holding, without_errors
from obs.slis.kind import Counted, HistorySpan, Measurement, MinuteEvents, Observation
from obs.slis.prometheus import QueryHistory, QueryTracker, Values, nothing_of
from obs.slo.minutes import minute_of
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.prometheus_slis import PrometheusMinutesSli


class ConditionMeasurement(Measurement[PrometheusMinutesSli, QueryTracker]):
    """Each minute that has a value is one event."""

    def __init__(self, sli: PrometheusMinutesSli) -> None:
        super().__init__(sli)
        self._query = _good(sli)
        self.asked = (self._query,)

    def observe(self, tracker: QueryTracker) -> Observation | None:
        """The last minutes; None where none of them has a value, or the query is rejected."""
        snapshot = tracker.snapshot
        values = snapshot.values.get(self._query) if snapshot else None
        if snapshot is None or not values:
            return None
        minutes = {start: (min(good, 1.0), 1.0) for start, good in values.items()}
        return Observation(
            minutes, snapshot.settled, minute_of(snapshot.at), known_from=snapshot.since
        )

    def silent(self, tracker: QueryTracker) -> Observation | None:
        """An answer without a value."""
        return nothing_of(tracker.snapshot, self.asked)

    def history(
        self, source: QueryHistory, snapshot: PrometheusSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What the server kept: how many minutes of each bucket have a value, and how good."""
        known = f"({self._query}) >= bool 0"
        found: Mapping[str, Values] = source.history((self._query, known), span)
        most = span.step // MINUTE
        return {
            start: (min(found[self._query].get(start, 0.0), minutes), min(minutes, most))
            for start, minutes in found[known].items()
        }


def counting(sli: PrometheusMinutesSli, delay: float, series: Callable[[Metric], str]) -> Counted:
    """As ConditionMeasurement counts: a minute is as good as the condition at its end."""
    good = f"sum({series(recorded.COUNTED_1M)})"
    rules = (
        (recorded.COUNTED_1M, f"clamp({_good(sli)}, 0, 1) >= 0"),
        (recorded.EVENTS_1M, f"0 * {good} + 1"),
        (recorded.BAD_EVENTS_1M, f"1 - {good}"),
    )
    return Counted(rules, good=True)


def _good(sli: PrometheusMinutesSli) -> str:
    """How good a minute was, between 0 and 1."""
    return holding(sli.holds) if sli.holds else without_errors(sli.error_ratio or "")


MEASUREMENT: Final = ConditionMeasurement
COUNTING: Final = counting
