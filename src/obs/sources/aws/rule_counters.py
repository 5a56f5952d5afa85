"""The counters of one AWS source's rules, which never fall although CloudWatch corrects points."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.families.aws import latency_families, queue_families, rule_families
from obs.families.family import Family, RowCache
from obs.slo.minutes import minute_of
from obs.slo.totals import CumulativeTotal, TotalState
from obs.snapshot import AwsSnapshot, Rule
from obs.sources.kind import Tracker
from obs.state import State

log = logging.getLogger(__name__)

_KIND = "cloudwatch_total"
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(TotalState).decode
_SEPARATOR = "\x1f"  # occurs in no name


@dataclass(frozen=True, slots=True)
class RuleEvents:
    """Events of a rule since some moment."""

    invocations: float
    failed: float
    dead_lettered: float
    dead_letter_failures: float


class RuleCounters(Tracker[AwsSnapshot]):
    """Counters of every rule of one source, kept over restarts."""

    def __init__(self, source: str, state: State, on_damage: Callable[[], None]) -> None:
        self.source = source
        self._state = state
        self._kept = RowCache()
        self._totals: dict[tuple[Rule, str], CumulativeTotal] = {}
        for key, value in state.entries(_KIND).items():
            try:
                saved_source, bus, rule, metric = key.split(_SEPARATOR)
                if saved_source == source:
                    total = CumulativeTotal.restored(_DECODE(value))
                    self._totals[Rule(bus, rule), metric] = total
            except (msgspec.DecodeError, ValueError):
                on_damage()
                log.warning("state of counter %r is unreadable; starting at 0", key)

    def update(self, snapshot: AwsSnapshot) -> list[Family]:
        """Count what is new in the snapshot's points; returns the source's families."""
        self.snapshot = snapshot
        for rule in snapshot.rules:
            for metric in aws.RULE_METRICS:
                self._count_points(rule, metric.twin.metric, snapshot)
        since = min(
            (total.since for total in self._totals.values()), default=minute_of(snapshot.at)
        )
        return [
            *rule_families(self.source, snapshot.rules, self._total, since, self._kept),
            *latency_families(self.source, snapshot.latencies, self._kept),
            *queue_families(self.source, snapshot.queues, self._kept),
        ]

    def events(self, rule: Rule, since: float) -> RuleEvents:
        """The rule's events from `since` (Unix seconds) on, as far as CloudWatch has them.

        An event that failed counts once: a dead-lettered one may be a failed invocation too.
        """
        sums = [
            sum(value for at, value in self._points(rule, metric).items() if at >= since)
            for metric in (
                *(aws.INVOCATIONS, aws.FAILED_INVOCATIONS),
                *(aws.DEAD_LETTERED, aws.DEAD_LETTER_FAILURES),
            )
        ]
        invocations, failed, dead_lettered, lost = sums
        return RuleEvents(invocations, max(failed, dead_lettered + lost), dead_lettered, lost)

    def last_failure(self, rule: Rule) -> float | None:
        """Start of the last minute in which an event failed; None where none is known."""
        failures = (
            at
            for metric in (aws.FAILED_INVOCATIONS, aws.DEAD_LETTERED, aws.DEAD_LETTER_FAILURES)
            for at, value in self._points(rule, metric).items()
            if value > 0
        )
        return max(failures, default=None)

    def _points(self, rule: Rule, metric: Metric) -> Mapping[int, float]:
        return self.snapshot.points.get((rule, metric.twin.metric), {}) if self.snapshot else {}

    def _count_points(self, rule: Rule, metric: str, snapshot: AwsSnapshot) -> None:
        total = self._totals.get((rule, metric))
        if total is None:
            total = self._totals[rule, metric] = CumulativeTotal(minute_of(snapshot.at))
        total.begin_by(minute_of(snapshot.at))
        total.update(snapshot.points.get((rule, metric), {}))
        if changed := total.changed():
            key = _SEPARATOR.join((self.source, rule.bus, rule.name, metric))
            self._state.put(_KIND, key, _ENCODE(changed))

    def _total(self, rule: Rule, metric: Metric) -> float:
        return self._totals[rule, metric.twin.metric].total
