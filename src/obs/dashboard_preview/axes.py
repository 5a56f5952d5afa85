"""The positions of grid lines, and their labels."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from obs.dashboard_preview.field_display import FieldDisplay
from obs.dashboard_preview.units import Moment, Text, formatted

_PIXELS_A_LINE: Final = 42
_PIXELS_A_TIME: Final = 90
_TIMES: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600),
    *(43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000),
)
_STEPS: Final = (1, 2, 2.5, 5, 10)
LETTER: Final = 7.0
"""Approximate width of a letter in pixels."""


def value_axis(low: float, high: float, pixels: float, base: int = 10) -> list[float]:
    """Round numbers that cover `low` to `high`, about as many as fit."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    wanted = max(int(pixels / _PIXELS_A_LINE), 2)
    rough = (high - low) / wanted
    scale = float(base) ** math.floor(math.log(rough, base) + 1e-9)
    choices = _STEPS if base == 10 else (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
    step = next(scale * each for each in choices if scale * each >= rough * 0.999_999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def tick_texts(ticks: Sequence[float], display: FieldDisplay, moment: Moment) -> list[str]:
    """The labels of the lines: each differs from its neighbour where possible."""
    texts = [_short(formatted(tick, display.unit, display.decimals, moment)) for tick in ticks]
    for decimals in range(1, 7):
        if display.decimals is not None or len(set(texts)) == len(texts):
            break
        texts = [str(formatted(tick, display.unit, decimals, moment)) for tick in ticks]
    return texts


def _short(text: Text) -> str:
    number = text.text
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{text.prefix}{number}{text.suffix}"


def time_axis(
    start: float, end: float, pixels: float, moment: Moment
) -> tuple[list[str], list[str]]:
    """Moments in the reader's time zone in plotly's form, and their labels."""
    wanted = max(pixels / _PIXELS_A_TIME, 2)
    step = next((each for each in _TIMES if (end - start) / each <= wanted), _TIMES[-1])
    offset = _offset(end, moment)
    first = math.ceil((start + offset) / step) * step - offset
    times = [first + number * step for number in range(int((end - first) // step) + 1)]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if end - start <= 86_400 else "%m/%d %H:%M"
    form = "%m/%d" if step >= 86_400 else form
    return (
        [local(time, moment) for time in times],
        [datetime.fromtimestamp(time, moment.zone).strftime(form) for time in times],
    )


def _offset(time: float, moment: Moment) -> float:
    away = datetime.fromtimestamp(time, moment.zone).astimezone(moment.zone).utcoffset()
    return away.total_seconds() if away else 0.0


def local(time: float, moment: Moment) -> str:
    """A moment in seconds in plotly's form: date and time in the reader's time zone."""
    there = datetime.fromtimestamp(time, moment.zone).replace(tzinfo=None)
    return there.isoformat(" ", "milliseconds")


def gutter(texts: Sequence[str]) -> int:
    """The width in pixels of the longest label of an axis."""
    return round(max((len(text) for text in texts), default=0) * LETTER) + 14


def font(colour: str, size: int = 12) -> dict[str, Any]:
    """Grafana's typeface, or the nearest there is."""
    return {"family": "Inter, Roboto, Helvetica, Arial, sans-serif", "size": size, "color": colour}
