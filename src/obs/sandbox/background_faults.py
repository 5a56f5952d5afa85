"""What happens in the demo by itself: small troubles that come and pass."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from obs.sandbox.aws_traffic import OBJECT_RULE
from obs.sandbox.oms_streams import PROCESSOR, SEARCH_INDEXER
from obs.sandbox.traffic import Trouble

if TYPE_CHECKING:
    from obs.sandbox.oms import Sandbox

Act = Callable[["Sandbox"], Awaitable[None]]

_FAILING_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class BackgroundFault:
    """Begins `first` seconds after the start and then every `every`; it lasts `lasts` seconds."""

    first: float
    every: float
    begins: str
    begin: Act
    lasts: float = 0.0
    ends: str = ""
    end: Act | None = None


async def _stop_indexer(sandbox: "Sandbox") -> None:
    sandbox.workers[SEARCH_INDEXER].start(Trouble.STOPPED)


async def _start_indexer(sandbox: "Sandbox") -> None:
    sandbox.workers[SEARCH_INDEXER].stop(Trouble.STOPPED)


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
        begins=f"{SEARCH_INDEXER} stops for 40 s",
        begin=_stop_indexer,
        lasts=40,
        ends=f"{SEARCH_INDEXER} works again and catches up",
        end=_start_indexer,
    ),
    BackgroundFault(
        first=20,
        every=180,
        begins=f"an event is published that {PROCESSOR} cannot read",
        begin=_add_poison,
    ),
    BackgroundFault(
        first=30,
        every=600,
        begins=f"{OBJECT_RULE}: one invocation in fifty fails for 20 s",
        begin=_fail_target,
        lasts=20,
        ends=f"{OBJECT_RULE}: its target works again",
        end=_mend_target,
    ),
    BackgroundFault(
        first=270,
        every=600,
        begins="somebody looks after the dead letters: the queue is emptied",
        begin=_empty_queue,
    ),
)


async def live(sandbox: "Sandbox", tell: Callable[[str], None]) -> None:
    """Let the episodes happen until cancelled."""
    async with asyncio.TaskGroup() as group:
        for episode in BACKGROUND_FAULTS:
            group.create_task(_repeat(episode, sandbox, tell))


async def _repeat(
    episode: BackgroundFault, sandbox: "Sandbox", tell: Callable[[str], None]
) -> None:
    await asyncio.sleep(episode.first)
    while True:
        await episode.begin(sandbox)
        tell(episode.begins)
        await asyncio.sleep(episode.lasts)
        if episode.end is not None:
            await episode.end(sandbox)
            tell(episode.ends)
        await asyncio.sleep(episode.every - episode.lasts)
