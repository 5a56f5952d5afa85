"""Durations as text, the same wherever one is written: `90s`, `1h30m`, `30d`.

A leaf module, because rooms that must not import each other write them: specs and messages
(`spec`), window labels (`slo`) and PromQL (`catalogue`).
"""

from typing import Final

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def format_duration(seconds: float) -> str:
    """The shortest text of a duration, in days to milliseconds: 5400 is `1h30m`.

    Rounded to the millisecond; `0s` for 0 and below. `parse_duration` of `obs.spec.quantity` and
    Prometheus read it back.
    """
    text, rest = "", round(seconds * 1000)
    if rest <= 0:
        return "0s"
    for unit, milliseconds in _UNITS:
        count, rest = divmod(rest, milliseconds)
        text += f"{count}{unit}" if count else ""
    return text


def format_whole_seconds(seconds: float) -> str:
    """The text of a duration rounded to whole seconds: 300.4 is `5m`.

    Raises ValueError where no second is left.
    """
    whole = round(seconds)
    if whole <= 0:
        raise ValueError(f"{seconds} s is not a duration of whole seconds")
    return format_duration(whole)
