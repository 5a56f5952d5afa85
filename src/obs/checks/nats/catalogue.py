"""The checks of NATS clusters."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.finding import CheckFinding
from obs.checks.nats import (
    consumer_settings,
    facts,
    jetstream,
    monitor_metadata,
    placement,
    servers,
    stream_limits,
)
from obs.snapshot.nats import NatsSnapshot
from obs.spec.system import System

_ABSENT: Final = "the spec has no NATS source"


def _sources(system: System) -> tuple[str, ...]:
    return tuple(system.sources.nats)


def _judge_capture(
    system: System, name: str, read: tuple[NatsSnapshot, Mapping[str, bool]]
) -> Iterator[CheckFinding]:
    return jetstream.judge_dead_letters(system.sources.nats[name], name, *read)


def _of_snapshot(
    name: str,
    question: str,
    judge: Callable[[System, str, NatsSnapshot], Iterable[CheckFinding]],
) -> Check[NatsSnapshot]:
    return Check(name, question, _sources, _ABSENT, read=facts.jetstream, judge=judge)


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
    _of_snapshot(
        "jetstream-replica-count",
        "On a cluster, does each stream outlive one server?",
        placement.judge_replica_count,
    ),
    _of_snapshot(
        "jetstream-consumer-replicas",
        "Does each consumer have the replicas of its stream?",
        placement.judge_consumer_replicas,
    ),
    _of_snapshot(
        "jetstream-leaders",
        "Are the leaders of replicated streams spread over the servers?",
        placement.judge_leaders,
    ),
    _of_snapshot(
        "jetstream-bounded",
        "Does each stream have a limit of age, size or number?",
        stream_limits.judge_bounded,
    ),
    _of_snapshot(
        "jetstream-refusing",
        "Does each stream have room for new messages?",
        stream_limits.judge_refusing,
    ),
    _of_snapshot(
        "jetstream-evictions",
        "Do streams keep messages until their consumers have received them?",
        stream_limits.judge_evictions,
    ),
    _of_snapshot(
        "jetstream-replaced",
        "Do durable consumers receive every message, not only the last of a subject?",
        stream_limits.judge_replaced,
    ),
    _of_snapshot(
        "jetstream-unheard",
        "Does each stream that keeps messages for its consumers have any?",
        stream_limits.judge_unheard,
    ),
    Check(
        "jetstream-ack-wait",
        "Is ack_wait long enough for processing?",
        _sources,
        _ABSENT,
        read=lambda context, name: (
            facts.jetstream(context, name),
            facts.processing(context, name),
        ),
        judge=lambda system, name, read: consumer_settings.ack_waits(name, *read),
    ),
    _of_snapshot(
        "jetstream-max-ack-pending",
        "Is max_ack_pending large enough for each consumer?",
        consumer_settings.judge_max_ack_pending,
    ),
    _of_snapshot(
        "jetstream-unused",
        "Is each durable consumer used?",
        consumer_settings.judge_unused,
    ),
    _of_snapshot(
        "jetstream-thresholds",
        "Can the thresholds in the metadata of streams and consumers be used?",
        monitor_metadata.judge_monitor_metadata,
    ),
    _of_snapshot(
        "jetstream-reserved",
        "Does JetStream have the storage that it has promised?",
        servers.judge_reserved,
    ),
    _of_snapshot(
        "nats-versions",
        "Do all servers of the cluster have the same version?",
        servers.judge_versions,
    ),
)
