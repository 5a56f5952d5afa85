"""When Python searches for objects that refer to each other and to which nothing else does."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from typing import Final

EVERY: Final = 60.0
"""Seconds between two searches through everything: 10 000 consumers take 0.1 s."""
_YOUNG: Final = 1  # generations 0 and 1: what was made since the last polls


def calm_garbage_collection() -> None:
    """Make Python by itself search rarely.

    A poll makes and drops tens of thousands of objects without a cycle among them; at Python's
    own pace the search goes through all that is remembered, again and again in every poll. But
    that pace counts objects: a few that hold megabytes each would wait for hours. So the collector
    also searches by the clock and after every call that failed.
    """
    # What is imported is permanent. To search it first takes 60 ms and finds nothing to speak of.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def collect_after_failure() -> None:
    """Search what is new: errors are what makes most of the garbage. Takes milliseconds."""
    gc.collect(_YOUNG)


async def collect_forever(sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Search through everything every EVERY seconds."""
    while True:
        await sleep(EVERY)
        gc.collect()
