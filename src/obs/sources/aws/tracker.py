"""What one AWS source remembers: its counters, its spending and its last snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.families.aws import bus_target_families, latency_families, queue_families
from obs.families.family import Family, RowCache
from obs.families.sqs import TagFamilies, cause_families, queue_state_families
from obs.slis.kind import Measurement
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.snapshot.cloudwatch import AskedMetric
from obs.sources.aws.memory import Memory
from obs.sources.aws.metric_counters import MetricCounters, asked_metrics
from obs.sources.aws.names import find
from obs.sources.aws.queue_counters import QueueCounters
from obs.sources.aws.rule_counters import RuleCounters
from obs.sources.aws.services.counters import ResourceCounters
from obs.sources.aws.services.kinds import KINDS
from obs.sources.aws.spending import Spending
from obs.sources.kind import Tracker
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.named import Found
from obs.spec.watched import SpecName
from obs.state import State


@dataclass(frozen=True, slots=True)
class RuleEvents:
    """Events of a rule since some moment."""

    invocations: float
    failed: float
    dead_lettered: float
    dead_letter_failures: float


class AwsTracker(Tracker[AwsSnapshot]):
    """All counters of one source, kept over restarts, and what else its polls tell."""

    def __init__(
        self,
        source: str,
        state: State,
        on_damage: Callable[[], None],
        selection: str = "",
        metrics: Sequence[ExportedMetric] = (),
        *,
        watched: str = "",
        tag_labels: Sequence[str] = (),
        spending: Spending | None = None,
    ) -> None:
        """`selection`: the rules that the spec chooses, in any form that changes with them, and
        `watched` what it watches beside them; `metrics` are those that it names itself.
        """
        self.source = source
        self.spending = spending
        self.rules = RuleCounters(source, state, on_damage, selection)
        self.resources = ResourceCounters(source, state, on_damage, watched)
        self.queues = QueueCounters(source, state, on_damage)
        self._metrics = MetricCounters(source, metrics, state, on_damage)
        self._of_slis: tuple[AskedMetric, ...] = ()
        self._tags = TagFamilies(
            *(source, tag_labels), {kind.key: kind.tags for kind in KINDS if kind.tags}
        )
        self._kept = RowCache()

    def update(self, snapshot: AwsSnapshot) -> list[Family]:
        """Count what is new in the snapshot's points; returns the source's families."""
        self.snapshot = snapshot
        of_rules = self.rules.update(snapshot, self._kept)
        if self.spending is not None:
            self.spending.polled(snapshot.settled, everything=not snapshot.not_asked)
            self.spending.keep()
        return [
            *of_rules,
            *latency_families(self.source, snapshot.latencies, self._kept),
            *queue_families(self.source, snapshot.queues, self._kept),
            *bus_target_families(self.source, snapshot.targets, self._kept),
            *self.resources.update(snapshot),
            *self._metrics.update(snapshot.readings, snapshot.at),
            *queue_state_families(self.source, snapshot.queues, self._kept),
            *cause_families(self.source, snapshot.sqs.causes, self._kept),
            *self._tags.of(
                *(snapshot.rules, snapshot.queues, snapshot.services.resources),
                *(snapshot.tags, self._kept),
            ),
            *self.queues.update(snapshot, self._kept),
        ]

    @property
    def memory(self) -> Memory:
        """What its polls have to know of earlier ones."""
        return Memory(
            rules=self.rules.uncounted,
            resources=self.resources.uncounted,
            queues=self.queues.uncounted,
            silence=self.rules.silence,
            asked=self.asked_metrics,
            spending=self.spending,
        )

    def measure(self, measurements: Sequence[Measurement[Any, Any]]) -> None:
        """Take what measures SLIs; some of them ask for metrics of their own."""
        asked = dict.fromkeys(one for each in measurements for one in each.asked)
        self._of_slis = tuple(asked)

    def asked_metrics(self) -> dict[AskedMetric, bool]:
        """The named metrics to read; True: with all corrections, for counters and SLIs."""
        return asked_metrics(self._metrics.exported, self._of_slis)

    def save(self, now: float) -> None:
        """Queue every counter, and what the next poll has to know of the last one."""
        for each in (self.rules, self.resources, self.queues, self._metrics):
            each.save()
        if self.spending is not None:
            self.spending.keep(again=True)

    def failed(self) -> None:
        """A poll that failed costs money too."""
        if self.spending is not None:
            self.spending.keep()

    def slower(self) -> float:
        """Polls are rarer near the monthly budget and beyond it."""
        return self.spending.slower if self.spending else 1.0

    def notes(self) -> Sequence[str]:
        """What is different because of the monthly budget."""
        words = self.spending.in_words if self.spending else ""
        return [words] if words else []

    def find(self, names: Sequence[SpecName]) -> Sequence[Found]:
        """Whether these buses, rules, queues and other objects exist."""
        return find(names, self.snapshot.names if self.snapshot else None)

    def nothing(self) -> str:
        """It may have neither rule nor queue, nor a metric that the spec names."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.rules or snapshot.queues or snapshot.left_out:
            return ""
        if snapshot.services.resources or any(
            reading.points for reading in snapshot.readings.values()
        ):
            return ""
        return "rule"

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
