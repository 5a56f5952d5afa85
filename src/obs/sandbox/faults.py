"""Faults by name: what goes wrong, what is then seen, and how to start and stop it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from obs.errors import BadInput
from obs.sandbox.aws_events import BUS, DEAD_LETTER_QUEUE
from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.oms_streams import AUDIT, PROCESSOR, SEARCH_INDEXER, STREAM
from obs.sandbox.traffic import Trouble
from obs.spec.report import did_you_mean

if TYPE_CHECKING:
    from obs.sandbox.oms import Sandbox

Act = Callable[["Sandbox"], Awaitable[None]]

_FAILING_SHARE: Final = 0.4
_POISON_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong in a sandbox from `start` to `stop`; both may be called twice.

    `alerts` are the names of those that fire, and `labels` what they are about: those of the
    labels that an alert has match these globs.
    """

    name: str
    does: str
    shows: str
    start: Act
    stop: Act
    alerts: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


def _trouble(
    name: str, consumer: str, trouble: Trouble, does: str, shows: str, *alerts: str
) -> Fault:
    async def start(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].start(trouble)

    async def stop(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].stop(trouble)

    about = (("stream", STREAM), ("consumer", consumer))
    return Fault(name, f"{consumer} {does}", shows, start, stop, alerts, about)


async def _start_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = _POISON_SHARE


async def _stop_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = 0.0


async def _fail_target(sandbox: "Sandbox") -> None:
    sandbox.rules.start_failing(OBJECT_RULE, _FAILING_SHARE)


async def _mend_target(sandbox: "Sandbox") -> None:
    """And look after what has failed."""
    sandbox.rules.stop_failing(OBJECT_RULE, _FAILING_SHARE)
    await asyncio.to_thread(sandbox.rules.empty_queue)


async def _stop_nats(sandbox: "Sandbox") -> None:
    await sandbox.stop_nats()


async def _start_nats(sandbox: "Sandbox") -> None:
    await sandbox.start_nats()


async def _throttle(sandbox: "Sandbox") -> None:
    sandbox.throttle_aws()


async def _restore(sandbox: "Sandbox") -> None:
    sandbox.restore_aws()


FAULTS: Final = (
    _trouble(
        "consumer-stopped",
        PROCESSOR,
        Trouble.STOPPED,
        "requests no messages",
        "its lag grows with every event, its status turns to stopped, and the minutes beyond its "
        "target burn the budget of consumer-timeliness",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerStopped",
        "NatsConsumerNoPuller",
    ),
    _trouble(
        "consumer-stalled",
        AUDIT,
        Trouble.STALLED,
        "takes messages and never acknowledges one",
        "ack pending climbs to its limit of 200, and its status turns to stalled",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerStalled",
        "NatsConsumerAckPendingFull",
        "NatsConsumerRedeliveries",
    ),
    _trouble(
        "slow-consumer",
        SEARCH_INDEXER,
        Trouble.SLOW,
        "works at a seventh of the pace at which events arrive",
        "its lag never shrinks, and its status turns to slow",
        "NatsConsumerLagHigh",
        "NatsConsumerLagSecondsHigh",
        "NatsConsumerSlow",
    ),
    Fault(
        "poison-message",
        f"one event in twenty cannot be read: {PROCESSOR} gives it back until it is given up",
        "its dead letters rise and burn the budget of processing; its lag stays near zero",
        _start_poison,
        _stop_poison,
        ("NatsConsumerDeadLetters",),
        (("stream", STREAM), ("consumer", PROCESSOR)),
    ),
    Fault(
        "target-failing",
        f"40 % of the invocations of {OBJECT_RULE} fail after all retries",
        "the rule fails and delivers late, its events pile up in oms-events-dlq, event-delivery "
        "burns fast",
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
    Fault(
        "nats-down",
        "nats-server is stopped",
        "source oms-nats is down, its values grow old and go after two minutes; AWS goes on",
        _stop_nats,
        _start_nats,
        # Not NatsServerDown: with its only server down the source cannot tell anything.
        ("ObsSourceDown", "ObsSourceStale"),
        (("source", "oms-nats*"),),  # its connection is a source of its own
    ),
    Fault(
        "aws-throttled",
        "AWS refuses every request for coming too often",
        "source oms-aws is down with reason throttled; NATS goes on",
        _throttle,
        _restore,
        ("ObsSourceDown", "ObsSourceStale"),
        (("source", "oms-aws"),),
    ),
)


def find_fault(name: str) -> Fault:
    """The fault of that name. Raises BadInput, with the name that was probably meant."""
    known = {fault.name: fault for fault in FAULTS}
    if name not in known:
        hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
        raise BadInput(f"--fault {name}: unknown fault{hint}")
    return known[name]
