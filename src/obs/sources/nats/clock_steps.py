"""Steps of the collector's clock, which must not change how old anything is."""

import time
from typing import Final

_STEP: Final = 1.0  # seconds between two polls; less is a clock that is being adjusted slowly
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady_time() -> float:
    """Seconds of a clock that is never set and, where there is one, runs on in a suspended host."""
    return time.clock_gettime(_CLOCK)


class ClockSteps:
    """How far the collector's clock was set forward since the history began, in seconds."""

    def __init__(self) -> None:
        self.forward = 0.0
        self._difference: float | None = None  # between the clock and the steady one

    def observe(self, at: float, steady: float | None) -> None:
        """Learn from one moment by the clock (Unix seconds) and by the steady one, if known."""
        if steady is None:
            return
        difference = at - steady
        if self._difference is not None and abs(difference - self._difference) > _STEP:
            self.forward += difference - self._difference
        self._difference = difference
