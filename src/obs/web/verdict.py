"""The system's health: a headline, the problems behind it, and every list worst first."""

from collections.abc import Iterator
from typing import Final

import msgspec

from obs.web.status import (
    ConsumerState,
    ConsumerStatus,
    HealthVerdict,
    Level,
    Problem,
    QueueStatus,
    RuleStatus,
    SloState,
    SloStatus,
    SourceStatus,
    Status,
)

SHOWN: Final = 20  # problems in a verdict; further ones are only counted
BAD_ERROR_RATIO: Final = 0.10
_LEVELS: Final[dict[Level, int]] = {"critical": 0, "unknown": 1, "warning": 2, "ok": 3}
_SLO_ORDER: Final[dict[SloState, int]] = {"exhausted": 0, "burning": 1, "no_data": 2, "ok": 3}
_CONSUMER_ORDER: Final[dict[ConsumerState, int]] = {
    "leaderless": 0,
    "stopped": 1,
    "stalled": 2,
    "slow": 3,
    "paused": 4,  # on purpose: no worse than ok with the same lag
    "ok": 4,
}
_CONSUMER_TEXT: Final[dict[ConsumerState, tuple[Level, str]]] = {
    "leaderless": ("critical", "has no leader"),
    "stopped": ("critical", "is stopped: no messages are delivered"),
    "stalled": ("critical", "is stalled: messages are delivered, but none is acknowledged"),
    "slow": ("warning", "is slow: its lag is not shrinking"),
}


def complete(status: Status) -> Status:
    """The same status with its verdict, every list sorted worst first."""
    ordered = msgspec.structs.replace(
        status,
        slos=tuple(sorted(status.slos, key=_slo_order)),
        consumers=tuple(map(_marked, sorted(status.consumers, key=_consumer_order))),
        rules=tuple(sorted(status.rules, key=_rule_order)),
        queues=tuple(sorted(status.queues, key=_queue_order)),
        sources=tuple(sorted(status.sources, key=_source_order)),
    )
    return msgspec.structs.replace(ordered, verdict=judge(ordered))


def judge(status: Status) -> HealthVerdict:
    """The worst level of all problems, with a headline; equal problems keep the order of the lists.

    The level is unknown until the first poll has succeeded or failed.
    """
    sources = status.sources
    if sources and not any(s.last_success is not None or s.error is not None for s in sources):
        return HealthVerdict("unknown", "Waiting for the first poll")
    problems = sorted(_problems(status), key=lambda problem: _LEVELS[problem.level])
    if not problems:
        return HealthVerdict("ok", "All is well")
    return HealthVerdict(
        problems[0].level, _headline(problems), tuple(problems[:SHOWN]), found=len(problems)
    )


def _headline(problems: list[Problem]) -> str:
    level = problems[0].level
    worst = [problem for problem in problems if problem.level == level]
    if len(worst) == 1:
        return worst[0].text
    if level == "critical":
        return f"{len(worst)} problems need attention now"
    if level == "unknown":
        return f"{len(worst)} unknown states"
    return f"{len(worst)} warnings"


def _problems(status: Status) -> Iterator[Problem]:
    for source in status.sources:
        yield from _source_problem(source)
    for slo in status.slos:
        yield from _slo_problem(slo)
    for consumer in status.consumers:
        yield from _consumer_problem(consumer)
    for rule in status.rules:
        yield from _rule_problem(rule)
    for queue in status.queues:
        yield from _queue_problem(queue)
    for push in status.pushes:
        if not push.up and push.error is not None:
            text = f"Push to {push.sink} at {push.target} fails"
            yield Problem("warning", "push", push.sink, text)


def _source_problem(source: SourceStatus) -> Iterator[Problem]:
    if source.up:
        return
    level: Level = "critical" if source.required else "warning"
    if source.last_success is None:
        if source.error is not None:
            text = f"Source {source.name} has had no successful poll yet"
            yield Problem(level, "source", source.name, text)
    elif source.age_seconds is not None and source.age_seconds > source.stale_after:
        text = f"Source {source.name} is stale: its series are withdrawn"
        yield Problem(level, "source", source.name, text)
    else:
        text = f"Source {source.name}: last poll failed"
        yield Problem("warning", "source", source.name, text)


def _slo_problem(slo: SloStatus) -> Iterator[Problem]:
    if slo.state == "exhausted":
        yield Problem("critical", "slo", slo.name, f"{slo.name}: error budget exhausted")
    elif slo.state == "burning":
        level: Level = "critical" if slo.urgent else "warning"
        yield Problem(level, "slo", slo.name, f"{slo.name}: error budget is burning too fast")


def _consumer_problem(consumer: ConsumerStatus) -> Iterator[Problem]:
    name = f"{consumer.stream}/{consumer.consumer}"
    verdict = _CONSUMER_TEXT.get(consumer.status)
    if verdict is not None:
        level, words = verdict
        yield Problem(level, "consumer", name, f"{name} {words}")
    elif loses_messages(consumer):
        text = f"{name}: unprocessed messages will soon be evicted by max_age"
        yield Problem("critical", "consumer", name, text)


def loses_messages(consumer: ConsumerStatus) -> bool:
    """Whether max_age evicts messages before the consumer, at its current rate, processes them."""
    eviction, drain = consumer.eviction_seconds, consumer.drain_seconds
    if eviction is None or consumer.lag_messages == 0:
        return False
    age = consumer.lag_seconds or 0.0
    # Nothing is lost soon while most of max_age is left, however slowly the lag shrinks.
    return eviction < age and (drain is None or drain > eviction)


def _marked(consumer: ConsumerStatus) -> ConsumerStatus:
    if not loses_messages(consumer):
        return consumer
    return msgspec.structs.replace(consumer, at_risk=True)


def _rule_problem(rule: RuleStatus) -> Iterator[Problem]:
    name = f"{rule.bus}/{rule.rule}"
    if rule.dead_letter_failures_1h:
        yield Problem(
            "critical",
            "rule",
            name,
            f"Rule {name} lost events: its dead-letter queue rejected them",
        )
    elif rule.failing:
        level: Level = "critical" if (rule.error_ratio_5m or 0) >= BAD_ERROR_RATIO else "warning"
        yield Problem(level, "rule", name, f"Rule {name} has failed invocations")


def _queue_problem(queue: QueueStatus) -> Iterator[Problem]:
    if queue.dead_letter and queue.visible > 0:
        count = "1 dead letter" if queue.visible == 1 else f"{queue.visible} dead letters"
        yield Problem("warning", "queue", queue.queue, f"{count} in queue {queue.queue}")


def _slo_order(slo: SloStatus) -> tuple[int, bool, str]:
    # Not by budget: cards that move at every poll are hard to read.
    return _SLO_ORDER[slo.state], not slo.urgent, slo.name


def _consumer_order(consumer: ConsumerStatus) -> tuple[int, float, int, str, str]:
    return (
        _CONSUMER_ORDER[consumer.status],
        -(consumer.lag_seconds or 0.0),
        -consumer.lag_messages,
        consumer.stream,
        consumer.consumer,
    )


def _rule_order(rule: RuleStatus) -> tuple[bool, float, str, str]:
    return not rule.failing, -(rule.failures_1h or 0.0), rule.bus, rule.rule


def _queue_order(queue: QueueStatus) -> tuple[bool, str]:
    return not (queue.dead_letter and queue.visible > 0), queue.queue


def _source_order(source: SourceStatus) -> tuple[bool, str]:
    return source.up, source.name
