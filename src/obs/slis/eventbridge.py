"""Good events: invocations of EventBridge rules that did not fail after all retries."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final, Protocol

from obs.catalogue import aws
from obs.slis.kind import HistorySpan, Measurement, MinuteEvents, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.slo.sli import invocation_minutes
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.spec.slis import EventBridgeSli

RulePoints = Mapping[tuple[Rule, str], Mapping[int, float]]
"""CloudWatch's sums by rule and metric name, then by the start of their bucket (Unix seconds)."""

_METRICS: Final = (
    aws.INVOCATIONS,
    aws.FAILED_INVOCATIONS,
    aws.DEAD_LETTERED,
    aws.DEAD_LETTER_FAILURES,
)


class RuleTracker(Protocol):
    """The last snapshot of an AWS source."""

    @property
    def snapshot(self) -> AwsSnapshot | None: ...


class RuleHistory(Protocol):
    """An AWS source whose past can be read. Blocks; raises SourceError."""

    def history(
        self, rules: Iterable[Rule], start: float, end: float, period: int
    ) -> RulePoints: ...


class InvocationMeasurement(Measurement[EventBridgeSli, RuleTracker]):
    """Invocations of all the SLI's rules together, by CloudWatch's minutes."""

    @classmethod
    def objects(
        cls, sli: EventBridgeSli, tracker: RuleTracker
    ) -> Mapping[str, EventBridgeSli] | None:
        """Each rule."""
        if tracker.snapshot is None:
            return None
        return {rule.name: sli.of(rule.name) for rule in _rules_of(sli, tracker.snapshot)}

    def observe(self, tracker: RuleTracker) -> Observation | None:
        """The minutes that CloudWatch has completed: later ones are still filling.

        None while none of the rules exists.
        """
        snapshot = tracker.snapshot
        if snapshot is None:
            return None
        rules = self._rules(snapshot)
        if not rules:  # nothing is measured: silence would look like a quiet rule
            return None
        events = events_by_minute(rules, snapshot.points)
        return Observation(
            minutes={start: counts for start, counts in events.items() if start < snapshot.settled},
            watermark=snapshot.settled,
            counted_from=minute_of(snapshot.at),
            known_from=snapshot.since,
            missed=events_by_minute(rules, snapshot.missed) if snapshot.missed else {},
        )

    def history(
        self, source: RuleHistory, snapshot: AwsSnapshot, span: HistorySpan
    ) -> MinuteEvents:
        """What CloudWatch kept of the rules that exist now."""
        rules = self._rules(snapshot)
        return events_by_minute(rules, source.history(rules, span.start, span.end, span.step))

    def _rules(self, snapshot: AwsSnapshot) -> list[Rule]:
        """The rules that the SLI names."""
        return _rules_of(self.sli, snapshot)


def _rules_of(sli: EventBridgeSli, snapshot: AwsSnapshot) -> list[Rule]:
    return [
        rule
        for rule in snapshot.rules
        if rule.bus == sli.bus and any(fnmatchcase(rule.name, glob) for glob in sli.rules)
    ]


def events_by_minute(rules: Iterable[Rule], points: RulePoints) -> dict[int, Counts]:
    """(good, total) of all the rules together, by the start of their minute or bucket."""
    sums: dict[int, Counts] = {}
    for rule in rules:
        by_metric = [points.get((rule, metric.twin.metric), {}) for metric in _METRICS]
        for start, (good, total) in invocation_minutes(*by_metric).items():
            before_good, before_total = sums.get(start, (0.0, 0.0))
            sums[start] = (before_good + good, before_total + total)
    return sums


MEASUREMENT: Final = InvocationMeasurement
