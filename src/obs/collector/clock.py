"""The clocks of a collector; a test has its own."""

import time
from collections.abc import Callable


class Clock:
    """Wall time in Unix seconds, and monotonic time in seconds."""

    wall: Callable[[], float] = staticmethod(time.time)
    monotonic: Callable[[], float] = staticmethod(time.monotonic)
