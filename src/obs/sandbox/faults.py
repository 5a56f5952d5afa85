"""Faults by name: description, symptoms, and how to start and stop them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from obs.errors import BadInput
from obs.sandbox.aws_events import BUS, DEAD_LETTER_QUEUE
from obs.sandbox.aws_services import OBJECT_FUNCTION
from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.oms_streams import AUDIT, PROCESSOR, SEARCH_INDEXER, STREAM
from obs.sandbox.traffic import WorkerFault
from obs.spec.report import did_you_mean

if TYPE_CHECKING:
    from obs.sandbox.oms import Sandbox

Act = Callable[["Sandbox"], Awaitable[None]]

_FAILING_SHARE: Final = 0.4
_ERROR_SHARE: Final = 0.3
_POISON_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class SandboxFault:
    """A fault of a sandbox from `start` to `stop`, which are idempotent.

    `alerts` are the names of the alerts that must fire. `labels` are globs: they match those of
    these labels that an alert has.
    """

    name: str
    description: str
    symptoms: str
    start: Act
    stop: Act
    alerts: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


def _worker_fault(
    name: str, consumer: str, fault: WorkerFault, problem: str, symptoms: str, *alerts: str
) -> SandboxFault:
    async def start(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].start(fault)

    async def stop(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].stop(fault)

    about = (("stream", STREAM), ("consumer", consumer))
    return SandboxFault(name, f"{consumer} {problem}", symptoms, start, stop, alerts, about)


async def _start_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = _POISON_SHARE


async def _stop_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = 0.0


async def _fail_target(sandbox: "Sandbox") -> None:
    sandbox.rules.start_failing(OBJECT_RULE, _FAILING_SHARE)


async def _mend_target(sandbox: "Sandbox") -> None:
    """Let the target succeed again, and purge the dead-letter queue."""
    sandbox.rules.stop_failing(OBJECT_RULE, _FAILING_SHARE)
    await asyncio.to_thread(sandbox.rules.empty_queue)


async def _fail_function(sandbox: "Sandbox") -> None:
    sandbox.services.failing_share = _ERROR_SHARE


async def _mend_function(sandbox: "Sandbox") -> None:
    sandbox.services.failing_share = 0.0


async def _stop_nats(sandbox: "Sandbox") -> None:
    await sandbox.stop_nats()


async def _start_nats(sandbox: "Sandbox") -> None:
    await sandbox.start_nats()


async def _throttle(sandbox: "Sandbox") -> None:
    sandbox.throttle_aws()


async def _restore(sandbox: "Sandbox") -> None:
    sandbox.restore_aws()


FAULTS: Final = (
    _worker_fault(
        "consumer-stopped",
        PROCESSOR,
        WorkerFault.STOPPED,
        "stops pulling messages",
        "its lag grows with every event, its status turns to stopped, and the minutes above its "
        "lag target burn the error budget of consumer-timeliness",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerStopped",
        "NatsConsumerNoPuller",
    ),
    _worker_fault(
        "consumer-stalled",
        AUDIT,
        WorkerFault.STALLED,
        "pulls messages but never acknowledges them",
        "its ack pending rises to max_ack_pending (200), and its status turns to stalled",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerStalled",
        "NatsConsumerAckPendingFull",
        "NatsConsumerRedeliveries",
    ),
    _worker_fault(
        "slow-consumer",
        SEARCH_INDEXER,
        WorkerFault.SLOW,
        "processes events at a seventh of the rate at which they arrive",
        "its lag never shrinks, and its status turns to slow",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerSlow",
    ),
    SandboxFault(
        "poison-message",
        f"5 % of the events cannot be parsed: {PROCESSOR} naks them until max_deliver is reached",
        "its dead letters increase and burn the error budget of processing; its lag stays low",
        _start_poison,
        _stop_poison,
        ("NatsConsumerDeadLetters",),
        (("stream", STREAM), ("consumer", PROCESSOR)),
    ),
    SandboxFault(
        "target-failing",
        f"40 % of the invocations of {OBJECT_RULE} fail after all retries",
        "the rule fails and delivers late, its events accumulate in oms-events-dlq, and the error "
        "budget of event-delivery burns fast",
        _fail_target,
        _mend_target,
        (
            "EventBridgeFailedInvocations",
            "EventBridgeErrorRateHigh",
            "EventBridgeRetriesRising",
            "EventBridgeDeadLettered",
            "SqsDeadLettersWaiting",
            "SloBudgetBurnsFast",
        ),
        (
            ("bus", BUS),
            ("rule", OBJECT_RULE),
            ("queue", DEAD_LETTER_QUEUE),
            ("slo", "event-delivery"),
        ),
    ),
    SandboxFault(
        "function-failing",
        f"function {OBJECT_FUNCTION} raises an error for 30 % of its events, at each attempt",
        "its error rate rises and Lambda drops these events; the rule is not affected, because "
        "EventBridge has handed them over",
        _fail_function,
        _mend_function,
        ("LambdaErrorRateHigh", "LambdaAsyncEventsDropped"),
        (("function", OBJECT_FUNCTION),),
    ),
    SandboxFault(
        "nats-down",
        "nats-server is stopped",
        "source oms-nats is down, its series become stale after two minutes; AWS is not affected",
        _stop_nats,
        _start_nats,
        # Not NatsServerDown: with its only server down, the source has no data about servers.
        ("ObsSourceDown", "ObsSourceStale"),
        (("source", "oms-nats*"),),  # its connection is a separate source
    ),
    SandboxFault(
        "aws-throttled",
        "AWS throttles every request",
        "source oms-aws is down with reason throttled; NATS is not affected",
        _throttle,
        _restore,
        ("ObsSourceDown", "ObsSourceStale"),
        (("source", "oms-aws"),),
    ),
)


def find_fault(name: str) -> SandboxFault:
    """The fault of that name. Raises BadInput, which suggests the closest name."""
    known = {fault.name: fault for fault in FAULTS}
    if name not in known:
        hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
        raise BadInput(f"--fault {name}: unknown fault{hint}")
    return known[name]
