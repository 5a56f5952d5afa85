"""An event loop whose time passes only where something waits: a day of polls takes minutes.

While a thread of the collector works (a poll, a push, the saving of state), time stands still, so
that no limit is exceeded because the machine is slow. Once all wait, it jumps to the next timer.
"""

import asyncio
import selectors
import threading
from typing import Any, Final

from obs.collector.clock import Clock

WORKING: Final = ("poll-", "push-", "history-", "close-", "reload", "scrape", "checks")
"""How the names of the threads begin that are waited for."""
_EACH_SECOND: Final = ("expire_stale",)
_LOOK: Final = 0.001  # seconds between two looks at whether they have ended


class CompressedLoop(asyncio.SelectorEventLoop):
    """Its `time` is in seconds since its start, most of which never passed."""

    def __init__(self) -> None:
        super().__init__(_Jumping(self))
        self.passed = 0.0
        self._executed = 0

    def time(self) -> float:
        """Seconds since the start."""
        return self.passed

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """As usual; time stands still until it has ended.

        What happens each second is done here and now: 86 400 turns of a thread take too long.
        """
        if getattr(func, "__name__", "") in _EACH_SECOND:
            done = self.create_future()
            done.set_result(func(*args))
            return done
        future = super().run_in_executor(executor, func, *args)
        self._executed += 1
        future.add_done_callback(self._ended)
        return future

    @property
    def works(self) -> bool:
        """Whether a thread is at work whose result the loop waits for."""
        if self._executed:
            return True
        return any(each.name.startswith(WORKING) for each in threading.enumerate())

    def _ended(self, _: object) -> None:
        self._executed -= 1


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for nothing but time, it lets the time pass."""

    def __init__(self, loop: CompressedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        """What is ready; nothing, once the timeout is over."""
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        while not ready and self._loop.works:
            ready = super().select(_LOOK)
        if ready:
            return ready
        ready = super().select(None if timeout is None else 0)  # the last thread's result
        if not ready and timeout is not None:
            self._loop.passed += timeout
        return ready


class CompressedClock(Clock):
    """Wall time from `begin` (Unix seconds), and monotonic time, as they pass in the loop."""

    def __init__(self, loop: CompressedLoop, begin: float) -> None:
        self.wall = lambda: begin + loop.passed
        self.monotonic = lambda: loop.passed
