"""The faults that the demo injects by itself: small, temporary and recurring."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.oms_streams import PROCESSOR, SEARCH_INDEXER
from obs.sandbox.traffic import WorkerFault

if TYPE_CHECKING:
    from obs.sandbox.oms import Sandbox

Act = Callable[["Sandbox"], Awaitable[None]]

_FAILING_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class BackgroundFault:
    """Starts `first` seconds after the demo and then every `every` seconds, for `lasts` seconds."""

    first: float
    every: float
    begins: str
    begin: Act
    lasts: float = 0.0
    ends: str = ""
    end: Act | None = None


async def _stop_indexer(sandbox: "Sandbox") -> None:
    sandbox.workers[SEARCH_INDEXER].start(WorkerFault.STOPPED)


async def _start_indexer(sandbox: "Sandbox") -> None:
    sandbox.workers[SEARCH_INDEXER].stop(WorkerFault.STOPPED)


async def _add_poison(sandbox: "Sandbox") -> None:
    sandbox.publisher.add_poison()


async def _fail_target(sandbox: "Sandbox") -> None:
    sandbox.rules.start_failing(OBJECT_RULE, _FAILING_SHARE)


async def _mend_target(sandbox: "Sandbox") -> None:
    sandbox.rules.stop_failing(OBJECT_RULE, _FAILING_SHARE)


async def _empty_queue(sandbox: "Sandbox") -> None:
    await asyncio.to_thread(sandbox.rules.empty_queue)


BACKGROUND_FAULTS: Final = (
    BackgroundFault(
        first=8,
        every=240,
        begins=f"{SEARCH_INDEXER} stops for 40 s: it pulls no messages",
        begin=_stop_indexer,
        lasts=40,
        ends=f"{SEARCH_INDEXER} pulls messages again and catches up",
        end=_start_indexer,
    ),
    BackgroundFault(
        first=20,
        every=180,
        begins=f"an event that {PROCESSOR} cannot parse is published",
        begin=_add_poison,
    ),
    BackgroundFault(
        first=30,
        every=600,
        begins=f"2 % of the invocations of {OBJECT_RULE} fail for 20 s",
        begin=_fail_target,
        lasts=20,
        ends=f"the invocations of {OBJECT_RULE} succeed again",
        end=_mend_target,
    ),
    BackgroundFault(
        first=270,
        every=600,
        begins="the dead-letter queue is purged, as an operator would do",
        begin=_empty_queue,
    ),
)


async def run_background_faults(sandbox: "Sandbox", report: Callable[[str], None]) -> None:
    """Inject the background faults until cancelled."""
    async with asyncio.TaskGroup() as group:
        for fault in BACKGROUND_FAULTS:
            group.create_task(_repeat(fault, sandbox, report))


async def _repeat(
    fault: BackgroundFault, sandbox: "Sandbox", report: Callable[[str], None]
) -> None:
    await asyncio.sleep(fault.first)
    while True:
        await fault.begin(sandbox)
        report(fault.begins)
        await asyncio.sleep(fault.lasts)
        if fault.end is not None:
            await fault.end(sandbox)
            report(fault.ends)
        await asyncio.sleep(fault.every - fault.lasts)
