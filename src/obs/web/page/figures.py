"""Numbers as the status page writes them: short, grouped, with a unit. `–` where none is known."""

import math
from typing import Final

UNKNOWN: Final = "–"
_COMPACT: Final = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEPS: Final = (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1))


def number(value: float | None) -> str:
    """A count: 1234567 is `1,234,567`, from ten million on `12.3M`."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return _compact(value) if value >= 1e7 else f"{round(value):,}"


def percent(ratio: float | None) -> str:
    """A ratio in percent: 0.832 is `83.2 %`."""
    if ratio is None or not math.isfinite(ratio):
        return UNKNOWN
    size = abs(ratio) * 100
    digits = 0 if size >= 99.95 or size == 0 else 1 if size >= 1 else 2
    shown = "<0.01" if 0 < size < 0.01 else f"{size:.{digits}f}"
    return f"{'−' if ratio < 0 else ''}{shown} %"


def duration(seconds: float | None) -> str:
    """Its two largest units: 5400 is `1 h 30 m`."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if 0 < seconds < 1:
        return "<1 s"
    whole = round(seconds)
    for unit, size, next_unit, next_size in _STEPS:
        if whole >= size:
            rest = whole % size // next_size
            return f"{whole // size} {unit}" + (f" {rest} {next_unit}" if rest else "")
    return f"{whole} s"


def short_duration(seconds: float | None) -> str:
    """The same, in milliseconds below a second."""
    if seconds is not None and seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return duration(seconds)


def size(count: float) -> str:
    """Bytes, in binary units: 96000000 is `91.6 MiB`."""
    step = 0
    while count >= 1024 and step < len(_BYTES) - 1:
        count, step = count / 1024, step + 1
    digits = 1 if step and count < 100 else 0
    return f"{count:.{digits}f} {_BYTES[step]}"


def times(rate: float | None) -> str:
    """A burn rate: 14.4 is `14×`."""
    if rate is None or not math.isfinite(rate):
        return UNKNOWN
    if rate >= 1000:
        return f"{_compact(rate)}×"
    if rate >= 10 or rate == 0:
        return f"{round(rate)}×"
    return "<0.1×" if rate < 0.1 else f"{rate:.1f}×"


def plural(count: int, one: str) -> str:
    """A count with its noun: `1 stream`, `2 streams`, `3 canaries`."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number(count)} {one if count == 1 else many}"


def _compact(value: float) -> str:
    size, letter = next((each for each in _COMPACT if value >= each[0]), (1.0, ""))
    return f"{value / size:.1f}".removesuffix(".0") + letter
