"""Every check there is, in the order in which they are shown."""

from collections.abc import Iterator
from typing import Any, Final

from obs.checks import (
    alarm_metrics,
    alarms,
    applied,
    collecting,
    dead_letters,
    emitted,
    eventbridge,
    jetstream,
    prometheus,
    retries,
    roles,
)
from obs.checks.check import Check
from obs.checks.eventbridge import EventBridgeFacts
from obs.checks.finding import CheckFinding
from obs.snapshot import NatsSnapshot
from obs.spec.system import System

_NO_AWS: Final = "the spec has no AWS source"
_NO_PROMETHEUS: Final = "the spec does not say where Prometheus is: stacks.prometheus"
_NO_NATS: Final = "the spec has no NATS source"


def _aws(system: System) -> tuple[str, ...]:
    return tuple(system.sources.aws)


def _nats(system: System) -> tuple[str, ...]:
    return tuple(system.sources.nats)


def _both(system: System) -> tuple[str, ...]:
    return (system.system,) if system.sources.nats and system.sources.aws else ()


def _slos(system: System) -> tuple[str, ...]:
    return ("collector",) if system.slos else ()


def _prometheus(system: System) -> tuple[str, ...]:
    return ("prometheus",) if system.stacks.prometheus else ()


def _judge_rules(
    system: System, name: str, read: tuple[EventBridgeFacts, retries.Platforms | None]
) -> Iterator[CheckFinding]:
    facts, platforms = read
    for tries in retries.reference(system, platforms) if platforms else ():
        return eventbridge.judge_rules(facts, retries.nearest(tries))
    return eventbridge.judge_rules(facts)


def _judge_capture(
    system: System, name: str, read: tuple[NatsSnapshot, bool | None]
) -> Iterator[CheckFinding]:
    return jetstream.judge_dead_letters(system.sources.nats[name], name, *read)


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "eventbridge-rules",
        "Are EventBridge's rules there, enabled, and do their targets say how long they retry?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: (asking.eventbridge(name), asking.platforms_if_there()),
        judge=_judge_rules,
    ),
    Check(
        "eventbridge-dead-letters",
        "Does every target keep what it could not deliver in a dead-letter queue that works?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.eventbridge(name),
        judge=lambda system, name, facts: dead_letters.judge_dead_letters(facts),
    ),
    Check(
        "retries",
        "Do EventBridge and JetStream try an event as often and for as long?",
        _both,
        "the spec has only one of the two platforms",
        read=lambda asking, name: asking.platforms(),
        judge=lambda system, name, facts: retries.judge(system, facts),
        rows=retries.rows,
    ),
    Check(
        "jetstream-limits",
        "Are the streams and consumers that the spec names there, with the limits it expects?",
        _nats,
        _NO_NATS,
        read=lambda asking, name: asking.jetstream(name),
        judge=jetstream.judge_limits,
    ),
    Check(
        "jetstream-dead-letters",
        "Does somebody hear of each message that a consumer gives up?",
        _nats,
        _NO_NATS,
        read=lambda asking, name: (asking.jetstream(name), asking.captured(name)),
        judge=_judge_capture,
    ),
    Check(
        "jetstream-replicas",
        "Has each stream and consumer a leader, and followers that have all it has?",
        _nats,
        _NO_NATS,
        read=lambda asking, name: asking.jetstream(name),
        judge=lambda system, name, snapshot: jetstream.judge_replicas(snapshot),
    ),
    Check(
        "alarms",
        "Is each CloudWatch alarm that the spec builds there, as built, with its actions enabled?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.alarms(name),
        judge=lambda system, name, facts: alarms.judge_built(
            alarms.built(system, name, facts.account), facts
        ),
    ),
    Check(
        "alarm-subscribers",
        "Does somebody listen to the topics that the alarms tell?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.topics(name),
        judge=lambda system, name, topics: alarms.judge_topics(topics),
    ),
    Check(
        "alarm-metrics",
        "Is there an alarm, of whoever, on metrics that nobody publishes?",
        _aws,
        _NO_AWS,
        read=lambda asking, name: asking.alarm_metrics(name),
        judge=lambda system, name, facts: alarm_metrics.judge(name, facts),
    ),
    Check(
        "iam",
        "Do IAM roles and policy documents permit what is needed, and no more?",
        roles.subjects,
        _NO_AWS,
        read=lambda asking, subject: asking.role(subject),
        judge=roles.judge_role,
    ),
    Check(
        "slo-data",
        "Does what the SLOs need arrive, and is it recent?",
        _slos,
        "the spec has no SLO",
        read=lambda asking, name: asking.status(),
        judge=lambda system, name, status: collecting.judge(system, status),
    ),
    Check(
        "scrape",
        "Does Prometheus scrape the collector?",
        _prometheus,
        _NO_PROMETHEUS,
        read=lambda asking, name: asking.scrape(),
        judge=lambda system, name, facts: prometheus.judge_scrape(system, facts),
    ),
    Check(
        "rules",
        "Are the rules that Prometheus has loaded the ones that the spec builds?",
        _prometheus,
        _NO_PROMETHEUS,
        read=lambda asking, name: asking.rules(),
        judge=lambda system, name, facts: prometheus.judge_rules(system, facts),
    ),
    Check(
        "applied",
        "Are the dashboards, and the rules and routes of other stacks, the ones that are built?",
        applied.stacks_of,
        "the spec names no stack but Prometheus under `stacks`",
        read=lambda asking, stack: asking.steps(stack),
        judge=lambda system, stack, steps: applied.judge(stack, steps),
    ),
    Check(
        "privacy-built",
        "Is what is built of the spec free of personal data and secrets?",
        lambda system: (system.system,),
        "",
        read=lambda asking, name: None,
        judge=lambda system, name, nothing: emitted.judge_texts(
            emitted.texts_of(system), name, "change it in the spec"
        ),
    ),
    Check(
        "privacy-metrics",
        "Are the labels of the collector's series free of personal data and secrets?",
        lambda system: ("collector",),
        "",
        read=lambda asking, name: asking.exposition(),
        judge=lambda system, name, text: emitted.judge_labels(emitted.label_pairs(text), name),
    ),
)
BY_NAME: Final = {check.name: check for check in CHECKS}
