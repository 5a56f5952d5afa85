"""EventBridge and SQS in the status document: one row per rule, one per queue."""

from collections.abc import Iterator
from typing import Final

import msgspec

from obs.snapshot.sqs import QueueCauses, QueueRole
from obs.sources.aws.tracker import AwsTracker
from obs.web.status import Level, Problem, StatusRow

BAD_ERROR_RATIO: Final = 0.10
_FIVE_MINUTES: Final = 300
_HOUR: Final = 3600
_MOST_CAUSES: Final = 10  # of a queue


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


class CauseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Why messages are in a dead-letter queue, as those that were read say."""

    error_code: str
    bus: str
    rule: str
    target: str
    messages: int
    example: str = ""  # what one of them says for people


class QueueStatus(StatusRow, frozen=True, kw_only=True):
    """One SQS queue."""

    aws: str
    queue: str
    dead_letter: bool  # it is a dead-letter queue, not a work queue
    visible: int
    oldest_age_seconds: float | None  # null: not reported by AWS
    in_flight: int = 0
    delayed: int = 0
    causes: tuple[CauseStatus, ...] = ()  # the most frequent first; empty where they are not read
    causes_not_read: str | None = None  # why not; null: they are read, or not asked for

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


def rule_rows(counters: AwsTracker) -> Iterator[RuleStatus]:
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


def queue_rows(counters: AwsTracker) -> Iterator[QueueStatus]:
    """A row for each queue of the last poll."""
    snapshot = counters.snapshot
    if snapshot is None:
        return
    for queue in snapshot.queues:
        known = snapshot.sqs.causes.get(queue.name, QueueCauses())
        yield QueueStatus(
            aws=counters.source,
            queue=queue.name,
            dead_letter=queue.role is QueueRole.DEAD_LETTER,
            visible=queue.visible,
            oldest_age_seconds=queue.oldest_age,
            in_flight=queue.in_flight,
            delayed=queue.delayed,
            causes=tuple(_causes(known)),
            causes_not_read=known.not_read or None,
        )


def _causes(known: QueueCauses) -> Iterator[CauseStatus]:
    counted = sorted(known.messages.items(), key=lambda each: (-each[1], each[0]))
    for cause, messages in counted[:_MOST_CAUSES]:
        yield CauseStatus(
            error_code=cause.error_code,
            bus=cause.bus,
            rule=cause.rule,
            target=cause.target,
            messages=messages,
            example=known.examples.get(cause, ""),
        )


def _ratio(failed: float, invocations: float) -> float | None:
    """Share of failures; all, where CloudWatch does not have their invocations yet."""
    total = max(failed, invocations)
    return failed / total if total else None
