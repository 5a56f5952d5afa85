"""When a source is polled next."""

from collections.abc import Callable

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
