"""Waiting until everything is right again after a fault."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 90.0
"""Seconds after which what is not right counts as lost."""


def until_right(wrong: Callable[[], list[str]], patience: float = PATIENCE) -> tuple[str, float]:
    """What is still wrong after `patience` seconds, and the seconds until nothing was."""
    began = time.monotonic()
    while left := wrong():
        if time.monotonic() - began > patience:
            break
        time.sleep(0.05)
    return "; ".join(left), time.monotonic() - began
