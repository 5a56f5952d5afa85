"""Clocks of other systems, against the one of this machine."""

from typing import Final

from obs.checks.finding import CheckFinding, doubtful, right, wrong

_NOTICED: Final = 2.0
"""Seconds below which nothing suffers."""
_WRONG: Final = 60.0
"""A minute: events are counted in another one than they happened in."""
_ADVICE: Final = (
    "timedatectl timesync-status",
    "synchronise both clocks (chrony, systemd-timesyncd): minutes of SLOs go by them",
)


def judge_clock(resource: str, least: float, most: float) -> CheckFinding:
    """The other clock is between `least` and `most` seconds ahead of this one; a slow answer leaves
    much room between them, and proves nothing."""
    if least <= _NOTICED and most >= -_NOTICED:
        return right(resource, "its clock agrees with the one of this machine")
    off, side = (least, "ahead of") if least > 0 else (-most, "behind")
    what = f"its clock is {off:.1f} s {side} the one of this machine"
    return (wrong if off >= _WRONG else doubtful)(resource, what, *_ADVICE)
