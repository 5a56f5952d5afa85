"""How often a request of a push is repeated, and after which pauses."""

import random
import time
from collections.abc import Callable
from threading import Event
from typing import Final

from obs.errors import SourceError

SHARE: Final = 0.9
"""Of the interval of pushes that one may last with its repeats: the next one begins in time."""
_FIRST: Final = 0.5  # seconds
_LONGEST: Final = 5.0  # seconds, unless the receiver asks for more
_MOST: Final = 5  # requests in a row that fail


def push_limit(timeout: float, every: float) -> float:
    """Seconds that a push may last, with what is repeated."""
    return max(timeout, every * SHARE)


class Patience:
    """The time that one push has, until `ends` by the clock `now`. `closed` ends every wait."""

    def __init__(
        self,
        ends: float,
        closed: Event,
        *,
        now: Callable[[], float] = time.monotonic,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._ends = ends
        self._closed = closed
        self._now = now
        self._uniform = uniform
        self._failed = 0
        self.repeats = 0

    @property
    def left(self) -> float:
        """Seconds that the push has left; none is below zero."""
        return max(self._ends - self._now(), 0.0)

    def succeeded(self) -> None:
        """The receiver is well: what fails next is the first failure in a row."""
        self._failed = 0

    def again(self, error: SourceError) -> bool:
        """Wait, and say whether to repeat a request that failed with `error`.

        As long as the receiver asks for, else twice as long each time, with jitter; not where the
        time of the push would be over then.
        """
        self._failed += 1
        wait = min(_FIRST * 2.0 ** (self._failed - 1), _LONGEST)
        pause = error.pause if error.pause is not None else wait * (0.5 + 0.5 * self._uniform())
        if self._failed >= _MOST or pause >= self.left or self._closed.wait(pause):
            return False
        self.repeats += 1
        return not self._closed.is_set()
