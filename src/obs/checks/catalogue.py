"""Every check there is, in the order in which they are shown."""

from collections.abc import Iterator
from typing import Any, Final

from obs.checks import dead_letters, eventbridge, jetstream, retries
from obs.checks.check import Check
from obs.checks.eventbridge import EventBridgeFacts
from obs.checks.finding import Finding
from obs.snapshot import NatsSnapshot
from obs.spec.system import System

_NO_AWS: Final = "the spec has no AWS source"
_NO_NATS: Final = "the spec has no NATS source"


def _aws(system: System) -> tuple[str, ...]:
    return tuple(system.sources.aws)


def _nats(system: System) -> tuple[str, ...]:
    return tuple(system.sources.nats)


def _both(system: System) -> tuple[str, ...]:
    return (system.system,) if system.sources.nats and system.sources.aws else ()


def _judge_rules(
    system: System, name: str, read: tuple[EventBridgeFacts, retries.Platforms | None]
) -> Iterator[Finding]:
    facts, platforms = read
    for tries in retries.reference(system, platforms) if platforms else ():
        if tries.often is not None and tries.seconds is not None:
            return eventbridge.judge_rules(facts, (tries.often, int(tries.seconds)))
    return eventbridge.judge_rules(facts)


def _judge_capture(
    system: System, name: str, read: tuple[NatsSnapshot, bool | None]
) -> Iterator[Finding]:
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
)
BY_NAME: Final = {check.name: check for check in CHECKS}
