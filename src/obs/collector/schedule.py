"""When a source is polled next, and when a sink is pushed to."""

from collections.abc import Callable
from typing import Final

JITTER = 0.1
"""Share of the interval by which a poll moves at random: collectors do not poll in step."""


def seconds_to_next_poll(interval: float, failures: int, uniform: Callable[[], float]) -> float:
    """How long to wait after a poll; `failures` counts the failed polls in a row.

    Doubles with each further failure, up to five intervals or one minute, whichever is longer:
    a source that is back is noticed well before its series would be missed for long. `uniform`
    gives numbers in [0, 1).
    """
    longest = max(5 * interval, 60.0)
    wait = min(interval * 2.0 ** min(max(failures - 1, 0), 16), longest)
    return wait * (1 - JITTER / 2 + JITTER * uniform())


LONGEST_PAUSE: Final = 300.0
"""Seconds between two pushes at most (where the interval is shorter): whatever a receiver asks
for, it does not silence an output for good."""


def seconds_to_next_push(interval: float, took: float, asked: float | None) -> float:
    """How long to wait after a push that took `took` seconds.

    Pushes begin at multiples of the interval; one that takes longer has the next ones left out.
    `asked` is how long the receiver asks to be left alone: this is done up to LONGEST_PAUSE.
    """
    wait = interval - took % interval
    return wait if asked is None else max(wait, min(asked, LONGEST_PAUSE))
