"""The checks of NATS clusters."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.finding import CheckFinding
from obs.checks.nats import facts, jetstream
from obs.snapshot import NatsSnapshot
from obs.spec.system import System

_ABSENT: Final = "the spec has no NATS source"


def _sources(system: System) -> tuple[str, ...]:
    return tuple(system.sources.nats)


def _judge_capture(
    system: System, name: str, read: tuple[NatsSnapshot, Mapping[str, bool]]
) -> Iterator[CheckFinding]:
    return jetstream.judge_dead_letters(system.sources.nats[name], name, *read)


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "jetstream-limits",
        "Do the streams and consumers that the spec names exist, with the expected limits?",
        _sources,
        _ABSENT,
        read=facts.jetstream,
        judge=jetstream.judge_limits,
    ),
    Check(
        "jetstream-dead-letters",
        "Are the dead letters of every consumer recorded?",
        _sources,
        _ABSENT,
        read=lambda context, name: (facts.jetstream(context, name), facts.captured(context, name)),
        judge=_judge_capture,
    ),
    Check(
        "nats-servers",
        "Is each server of the cluster polled, healthy, and does it tell all that it holds?",
        _sources,
        _ABSENT,
        read=facts.jetstream,
        judge=lambda system, name, snapshot: jetstream.judge_servers(name, snapshot),
    ),
    Check(
        "jetstream-replicas",
        "Does each stream and consumer have a leader and up-to-date replicas?",
        _sources,
        _ABSENT,
        read=facts.jetstream,
        judge=lambda system, name, snapshot: jetstream.judge_replicas(snapshot),
    ),
)
