"""EventBridge and SQS in the status document: one row per rule, one per queue."""

from collections.abc import Iterator
from typing import Final

from obs.sources.aws.rule_counters import RuleCounters
from obs.web.status import Level, Problem, StatusRow

BAD_ERROR_RATIO: Final = 0.10
_FIVE_MINUTES: Final = 300
_HOUR: Final = 3600


class RuleStatus(StatusRow, frozen=True, kw_only=True):
    """One EventBridge rule over its latest settled minutes. null: no data yet."""

    aws: str
    bus: str
    rule: str
    failing: bool  # failures in the last 5 minutes
    invocations_5m: float | None
    failures_5m: float | None
    error_ratio_5m: float | None  # null also where nothing was invoked
    invocations_1h: float | None
    failures_1h: float | None
    error_ratio_1h: float | None  # null also where nothing was invoked
    last_failure: float | None  # null: none seen
    dead_lettered_1h: float | None = None
    dead_letter_failures_1h: float | None = None  # events lost

    def problem(self) -> Problem | None:
        """The problem, if events are lost or invocations fail."""
        name = f"{self.bus}/{self.rule}"
        if self.dead_letter_failures_1h:
            text = f"Rule {name} lost events: its dead-letter queue rejected them"
            return Problem("critical", "rule", name, text)
        if self.failing:
            bad = (self.error_ratio_5m or 0) >= BAD_ERROR_RATIO
            level: Level = "critical" if bad else "warning"
            return Problem(level, "rule", name, f"Rule {name} has failed invocations")
        return None

    def order(self) -> tuple[bool, float, str, str]:
        """Failing rules first, then by failures."""
        return not self.failing, -(self.failures_1h or 0.0), self.bus, self.rule


class QueueStatus(StatusRow, frozen=True, kw_only=True):
    """One SQS queue."""

    aws: str
    queue: str
    dead_letter: bool  # it is the dead-letter queue of a target
    visible: int
    oldest_age_seconds: float | None  # null: not reported by AWS

    @property
    def has_dead_letters(self) -> bool:
        """Whether there are dead letters in it."""
        return self.dead_letter and self.visible > 0

    def problem(self) -> Problem | None:
        """The problem, if it has dead letters."""
        if not self.has_dead_letters:
            return None
        one = self.visible == 1
        count = "1 dead letter" if one else f"{self.visible} dead letters"
        return Problem("warning", "queue", self.queue, f"{count} in queue {self.queue}")

    def order(self) -> tuple[bool, str]:
        """Those with dead letters first."""
        return not self.has_dead_letters, self.queue


def rule_rows(counters: RuleCounters) -> Iterator[RuleStatus]:
    """A row for each rule of the last poll."""
    snapshot = counters.snapshot
    if snapshot is None:
        return
    for rule in snapshot.rules:
        five, hour = snapshot.settled - _FIVE_MINUTES, snapshot.settled - _HOUR
        recent, longer = counters.events(rule, five), counters.events(rule, hour)
        yield RuleStatus(
            aws=counters.source,
            bus=rule.bus,
            rule=rule.name,
            failing=recent.failed > 0,
            invocations_5m=recent.invocations,
            failures_5m=recent.failed,
            error_ratio_5m=_ratio(recent.failed, recent.invocations),
            invocations_1h=longer.invocations,
            failures_1h=longer.failed,
            error_ratio_1h=_ratio(longer.failed, longer.invocations),
            last_failure=counters.last_failure(rule),
            dead_lettered_1h=longer.dead_lettered,
            dead_letter_failures_1h=longer.dead_letter_failures,
        )


def queue_rows(counters: RuleCounters) -> Iterator[QueueStatus]:
    """A row for each queue of the last poll."""
    snapshot = counters.snapshot
    if snapshot is None:
        return
    dead_letter = {target.dead_letter_queue for target in snapshot.targets}
    names = {arn.rpartition(":")[2] for arn in dead_letter if arn}
    for queue in snapshot.queues:
        yield QueueStatus(
            aws=counters.source,
            queue=queue.name,
            dead_letter=queue.name in names,
            visible=queue.visible,
            oldest_age_seconds=queue.oldest_age,
        )


def _ratio(failed: float, invocations: float) -> float | None:
    """Share of failures; all, where CloudWatch does not have their invocations yet."""
    total = max(failed, invocations)
    return failed / total if total else None
