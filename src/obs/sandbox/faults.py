"""Faults by name: what goes wrong, what is then seen, and how to start and stop it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from obs.errors import BadInput
from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.oms_streams import AUDIT, PROCESSOR, SEARCH_INDEXER
from obs.sandbox.traffic import Trouble
from obs.spec.report import did_you_mean

if TYPE_CHECKING:
    from obs.sandbox.oms import Sandbox

Act = Callable[["Sandbox"], Awaitable[None]]

_FAILING_SHARE: Final = 0.4
_POISON_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong in a sandbox from `start` to `stop`; both may be called twice."""

    name: str
    does: str
    shows: str
    start: Act
    stop: Act


def _trouble(name: str, consumer: str, trouble: Trouble, does: str, shows: str) -> Fault:
    async def start(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].start(trouble)

    async def stop(sandbox: "Sandbox") -> None:
        sandbox.workers[consumer].stop(trouble)

    return Fault(name, f"{consumer} {does}", shows, start, stop)


async def _start_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = _POISON_SHARE


async def _stop_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.poison_share = 0.0


async def _fail_target(sandbox: "Sandbox") -> None:
    sandbox.rules.start_failing(OBJECT_RULE, _FAILING_SHARE)


async def _mend_target(sandbox: "Sandbox") -> None:
    sandbox.rules.stop_failing(OBJECT_RULE, _FAILING_SHARE)


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
        "asks for no messages",
        "its lag grows with every event, its status turns to stopped, and the minutes beyond its "
        "target burn the budget of consumer-timeliness",
    ),
    _trouble(
        "consumer-stalled",
        AUDIT,
        Trouble.STALLED,
        "takes messages and never acknowledges one",
        "ack pending climbs to its limit of 200, and its status turns to stalled",
    ),
    _trouble(
        "slow-consumer",
        SEARCH_INDEXER,
        Trouble.SLOW,
        "works at a fifth of the pace at which events arrive",
        "its lag never shrinks, and its status turns to slow",
    ),
    Fault(
        "poison-message",
        f"one event in twenty cannot be read: {PROCESSOR} gives it back until it is given up",
        "its dead letters rise and burn the budget of processing; its lag stays near zero",
        _start_poison,
        _stop_poison,
    ),
    Fault(
        "target-failing",
        f"40 % of the invocations of {OBJECT_RULE} fail for good",
        "the rule fails, its events pile up in oms-events-dlq, and event-delivery burns fast",
        _fail_target,
        _mend_target,
    ),
    Fault(
        "nats-down",
        "nats-server is stopped",
        "source oms-nats is down, its values grow old and go after two minutes; AWS goes on",
        _stop_nats,
        _start_nats,
    ),
    Fault(
        "aws-throttled",
        "AWS refuses every request for coming too often",
        "source oms-aws is down with reason throttled; NATS goes on",
        _throttle,
        _restore,
    ),
)


def find_fault(name: str) -> Fault:
    """The fault of that name. Raises BadInput, with the name that was probably meant."""
    known = {fault.name: fault for fault in FAULTS}
    if name not in known:
        hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
        raise BadInput(f"--fault {name}: there is no such fault{hint}")
    return known[name]
