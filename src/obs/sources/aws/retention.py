"""How long CloudWatch keeps points."""

from typing import Final

_DAY: Final = 86_400
_RETENTION: Final = ((3600, 455 * _DAY), (300, 63 * _DAY), (60, 15 * _DAY))  # period, seconds


def retention(period: int) -> int:
    """How long CloudWatch keeps points of a period, both in seconds; `period` is whole minutes.

    60 s for 15 d, 300 s for 63 d, 3 600 s for 455 d: CloudWatch user guide, metrics retention.
    """
    return next(age for shortest, age in _RETENTION if period >= shortest)
