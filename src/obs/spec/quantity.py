"""Durations and percentages as people write them in a spec."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")
_DURATION_PATTERN: Final = r"^(\d+(\.\d+)?(ms|[smhdw]))+$"


def parse_duration(text: object) -> float:
    """Seconds of a text like `90s`, `1h30m`, `30d`.

    Raises ValueError where it is anything else; a bare number has no unit and is refused.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise ValueError(f"{text} has no unit; write {text}s if seconds are meant")
    if not isinstance(text, str) or not re.match(_DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration; write for example 30s, 5m, 1h30m or 30d")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def format_duration(seconds: float) -> str:
    """The shortest text of a duration that parse_duration reads back: 5400 is `1h30m`."""
    if seconds <= 0:
        return "0s"
    parts: list[str] = []
    milliseconds = round(seconds * 1000)
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "5m"]}),
]
"""A duration in seconds, written with its unit."""
