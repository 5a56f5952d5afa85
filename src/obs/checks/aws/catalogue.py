"""The checks of AWS accounts."""

from collections.abc import Iterator
from typing import Any, Final

from obs.checks import retries
from obs.checks.aws import alarm_metrics, alarms, dead_letters, eventbridge, facts, roles
from obs.checks.aws.eventbridge import EventBridgeFacts
from obs.checks.check import Check
from obs.checks.finding import CheckFinding
from obs.spec.system import System

_ABSENT: Final = "the spec has no AWS source"


def _sources(system: System) -> tuple[str, ...]:
    return tuple(system.sources.aws)


def _judge_rules(
    system: System, name: str, read: tuple[EventBridgeFacts, retries.Platforms | None]
) -> Iterator[CheckFinding]:
    found, platforms = read
    for tries in retries.reference(system, platforms) if platforms else ():
        return eventbridge.judge_rules(found, retries.nearest(tries))
    return eventbridge.judge_rules(found)


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "eventbridge-rules",
        "Do the EventBridge rules exist, are they enabled, and have all targets a retry policy?",
        _sources,
        _ABSENT,
        read=lambda context, name: (
            facts.eventbridge(context, name),
            retries.platforms_if_there(context),
        ),
        judge=_judge_rules,
        place=10,
    ),
    Check(
        "eventbridge-dead-letters",
        "Does every target have a working dead-letter queue?",
        _sources,
        _ABSENT,
        read=facts.eventbridge,
        judge=lambda system, name, found: dead_letters.judge_dead_letters(found),
        place=10,
    ),
    Check(
        "alarms",
        "Does each CloudWatch alarm match the spec, with its actions enabled?",
        _sources,
        _ABSENT,
        read=facts.alarms,
        judge=lambda system, name, found: alarms.judge_built(
            alarms.built(system, name, found.account), found
        ),
        place=40,
    ),
    Check(
        "alarm-subscribers",
        "Do the SNS topics that the alarms notify have confirmed subscriptions?",
        _sources,
        _ABSENT,
        read=facts.topics,
        judge=lambda system, name, topics: alarms.judge_topics(topics),
        place=40,
    ),
    Check(
        "alarm-metrics",
        "Do all alarms of the account read metrics that are published?",
        _sources,
        _ABSENT,
        read=facts.alarm_metrics,
        judge=lambda system, name, found: alarm_metrics.judge(name, found),
        place=40,
    ),
    Check(
        "iam",
        "Do IAM roles and policy documents permit what is needed, and no more?",
        roles.subjects,
        _ABSENT,
        read=facts.role,
        judge=roles.judge_role,
        place=40,
    ),
)
