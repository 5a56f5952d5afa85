"""When Python searches for objects that refer to each other and to which nothing else does."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from typing import Final

EVERY: Final = 60.0
"""Seconds within which all garbage is found, whatever happens."""
AFTER_FAILURE: Final = 5.0
"""Seconds within which it is found once calls fail: errors are what makes most of it."""


def calm_garbage_collection() -> None:
    """Make Python by itself search rarely.

    A poll makes and drops tens of thousands of objects without a cycle among them; at Python's
    own pace the search goes through all that is remembered, again and again in every poll. That
    pace counts objects: a few that hold megabytes each would never be found. So the collector
    also runs `Garbage`.
    """
    gc.collect()
    gc.freeze()  # imported modules are permanent
    gc.set_threshold(100_000, 20, 20)


class Garbage:
    """Searches by the clock. `now` gives seconds on the monotonic clock."""

    def __init__(
        self,
        collect: Callable[[], object] = gc.collect,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._collect = collect
        self._now = now
        self._sleep = sleep
        self._failed = False

    def call_failed(self) -> None:
        """Search soon."""
        self._failed = True

    async def collect_forever(self) -> None:
        """Search every EVERY seconds, and AFTER_FAILURE seconds after a failed call at most."""
        last = self._now()
        while True:
            await self._sleep(AFTER_FAILURE)
            if self._failed or self._now() - last >= EVERY:
                self._failed = False
                self._collect()
                last = self._now()
