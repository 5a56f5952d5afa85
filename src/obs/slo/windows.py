"""The windows over which burn rates are reported."""

from functools import lru_cache
from typing import Final, NamedTuple

from obs.durations import format_whole_seconds

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400


class Window(NamedTuple):
    """A length of time and the text that names it in labels."""

    label: str
    seconds: int


def window(seconds: float) -> Window:
    """The window of this length, labelled with its duration: 2592000 is `30d`.

    Rounded to whole seconds. Raises ValueError where none is left.
    """
    whole = round(seconds)
    if whole <= 0:
        raise ValueError(f"a window of {seconds} s has no length")
    return Window(format_whole_seconds(whole), whole)


BURN_WINDOWS: Final = tuple(
    window(seconds) for seconds in (5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY)
)
"""What the alert tiers compare, whatever the SLO's own window is."""


@lru_cache
def windows(period_seconds: float) -> tuple[Window, ...]:
    """The burn windows and the SLO's own, each once, shortest first."""
    return tuple(sorted({*BURN_WINDOWS, window(period_seconds)}, key=lambda each: each.seconds))
