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


_MONTH: Final = 30 * DAY
_WHOLE_MONTH: Final = 28 * DAY
_PER_LONG: Final = 12  # short windows in a long one
_MOMENTS: Final = 60  # at which a tier looks back: five in a short window
_SHORTEST: Final = 5 * MINUTE
_GRID: Final = (
    *(minutes * MINUTE for minutes in (5, 10, 15, 20, 30)),
    *(hours * HOUR for hours in (1, 2, 3, 4, 6, 8, 12)),
    *(days * DAY for days in (1, 2, 3)),
)
LONG_WINDOWS: Final = (HOUR, 6 * HOUR, DAY, 3 * DAY)
"""The long windows of the tiers of a month (SRE workbook, chapter 5)."""
LEAST_LONG: Final = 2 * _SHORTEST
"""Below this a long window has too few minutes to tell more than its short one."""
_COMPARED: Final = (5 * MINUTE, HOUR, 6 * HOUR, 3 * DAY)


def is_scaled(period_seconds: float) -> bool:
    """Whether the windows of its tiers are shorter than those of a month."""
    return period_seconds < _WHOLE_MONTH


def scaled(month_long: int, period_seconds: float) -> float:
    """The same share of another period as `month_long` is of 30 days; seconds.

    From 28 days on it is that window itself: longer periods have higher burn rates instead.
    """
    return month_long * period_seconds / _MONTH if is_scaled(period_seconds) else month_long


def long_window(month_long: int, period_seconds: float) -> int | None:
    """The tier's long window in this period: scaled, then rounded down to the next usual length.

    Rounded down, so that its burn rate never gets lower than a month's. None where it would be
    shorter than `LEAST_LONG`.
    """
    length = _rounded_down(scaled(month_long, period_seconds))
    return length if length >= LEAST_LONG else None


def short_window(long: int) -> int:
    """A twelfth of the long window, rounded down to a usual length; at least five minutes."""
    return max(_rounded_down(long / _PER_LONG), _SHORTEST)


def recall_step(long: int) -> int:
    """Seconds between the moments at which a tier looks back through its long window."""
    return max(long // _MOMENTS, MINUTE)


def _rounded_down(seconds: float) -> int:
    return max((length for length in _GRID if length <= seconds), default=0)


@lru_cache
def windows(period_seconds: float, more: tuple[int, ...] = ()) -> tuple[Window, ...]:
    """The windows of an SLO's tiers, its own, and those in which SLOs are compared.

    `more` are the windows (seconds) of tiers of its own. Each once, shortest first, none longer
    than the SLO's own. All but the own are multiples of five minutes.
    """
    lengths = {round(period_seconds), *more}
    for month_long in LONG_WINDOWS:
        long = long_window(month_long, period_seconds)
        if long is not None:
            lengths |= {long, short_window(long)}
    lengths.update(length for length in _COMPARED if length < period_seconds)
    return tuple(window(length) for length in sorted(lengths))
