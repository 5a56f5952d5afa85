"""Good and total events that counters of a Prometheus-compatible server count."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from obs.catalogue import recorded
from obs.catalogue.metric import Metric
from obs.slis.event_queries import events
from obs.slis.kind import Counted, HistorySpan, Measurement, MinuteEvents, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.prometheus_slis import PrometheusSli

Values = Mapping[int, float]
"""By the start of their minute, or longer bucket, in Unix seconds."""


class QueryTracker(Protocol):
    """The last snapshot of a Prometheus source."""

    @property
    def snapshot(self) -> PrometheusSnapshot | None: ...


class QueryHistory(Protocol):
    """A Prometheus source whose past can be read. Blocks; raises SourceError."""

    def history(self, asked: Sequence[str], span: HistorySpan) -> Mapping[str, Values]: ...


def nothing_of(snapshot: PrometheusSnapshot | None, asked: Sequence[str]) -> Observation | None:
    """An observation of no minute; None where the server rejects one of the queries."""
    if snapshot is None or not snapshot.values.keys() >= {*asked}:
        return None
    return Observation({}, snapshot.settled, minute_of(snapshot.at), known_from=snapshot.since)


class EventMeasurement(Measurement[PrometheusSli, QueryTracker]):
    """Events of two queries.

    Where the good ones have no value they are 0 only once they have had one: a selector that
    matches nothing, perhaps by a mistake, is no outage. Bad ones are 0 from the beginning.
    """

    def __init__(self, sli: PrometheusSli) -> None:
        super().__init__(sli)
        counted = sli.good or sli.bad or ""
        self._counted, self._total = events(counted, sli.range), events(sli.total, sli.range)
        self.asked = (self._counted, self._total)
        self._seen = sli.good is None

    def observe(self, tracker: QueryTracker) -> Observation | None:
        """The last minutes; None where the server has no total of any, or rejects a query."""
        snapshot = tracker.snapshot
        if snapshot is None or not snapshot.values.keys() >= {self._counted, self._total}:
            return None
        minutes = self._events(snapshot.values)
        if not minutes:
            return None
        return Observation(
            minutes, snapshot.settled, minute_of(snapshot.at), known_from=snapshot.since
        )

    def silent(self, tracker: QueryTracker) -> Observation | None:
        """An answer without a total."""
        return nothing_of(tracker.snapshot, self.asked)

    def history(
        self, source: QueryHistory, snapshot: PrometheusSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What the server kept."""
        return self._events(source.history((self._counted, self._total), span))

    def saved(self) -> bytes:
        """Whether good events were ever seen."""
        return msgspec.msgpack.encode(self._seen)

    def restore(self, saved: bytes) -> None:
        """Go on from what an earlier run saved."""
        self._seen = msgspec.msgpack.decode(saved, type=bool) or self._seen

    def _events(self, values: Mapping[str, Values]) -> dict[int, Counts]:
        counted, total = values[self._counted], values[self._total]
        self._seen = self._seen or bool(counted)
        if not self._seen:
            return {}
        return dict(_counts(counted, total, bad=self.sli.good is None))


def _counts(counted: Values, total: Values, *, bad: bool) -> Iterable[tuple[int, Counts]]:
    for start, all_of_it in total.items():
        of_these = min(counted.get(start, 0.0), all_of_it)
        yield start, (all_of_it - of_these if bad else of_these, all_of_it)


def counting(sli: PrometheusSli, delay: float, series: Callable[[Metric], str]) -> Counted:
    """As EventMeasurement counts: good events without a value are 0 once they have had one."""
    total = _number(events(sli.total, sli.range, delay))
    counted = _number(events(sli.good or sli.bad or "", sli.range, delay))
    all_of_it, these = (
        f"sum({series(each)})" for each in (recorded.EVENTS_1M, recorded.COUNTED_1M)
    )
    if sli.good is None:
        # No more than all events; none where there is no value.
        bad = f"{these} <= {all_of_it}\nor ({all_of_it} and {these})\nor 0 * {all_of_it}"
        rules = (
            (recorded.EVENTS_1M, total),
            (recorded.COUNTED_1M, counted),
            (recorded.BAD_EVENTS_1M, bad),
        )
        return Counted(rules, good=False)
    before = f"sum(last_over_time({series(recorded.EVENTS_1M)}[1d]))"
    rules = (
        (recorded.COUNTED_1M, counted),
        (recorded.EVENTS_1M, f"{total}\nand ({these} or {before})"),
        (recorded.BAD_EVENTS_1M, f"clamp_min({all_of_it} - ({these} or 0 * {all_of_it}), 0)"),
    )
    return Counted(rules, good=True)


def _number(query: str) -> str:
    """A value below 0 is 0, one that is no number is none: it would stay in every sum."""
    return f"clamp_min({query}, 0) < Inf"


MEASUREMENT: Final = EventMeasurement
COUNTING: Final = counting
