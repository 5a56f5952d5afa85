"""Clocks of other systems, against the one of this machine."""

from typing import Final

from obs.checks.finding import CheckFinding, doubtful, right, wrong

_NOTICED: Final = 2.0
"""Seconds that delay nothing yet, and that a slow answer cannot feign."""
_WRONG: Final = 60.0
"""A minute: events are counted in another one than they happened in."""
_ADVICE: Final = (
    "timedatectl timesync-status",
    "synchronise both clocks (chrony, systemd-timesyncd): minutes of SLOs go by them",
)


def judge_clock(resource: str, ahead: float, least: float = 0.0) -> CheckFinding:
    """`ahead`: seconds that the other clock is ahead of this one; `least` are within its error."""
    off = max(abs(ahead) - least, 0.0)
    if off < _NOTICED:
        within = max(abs(ahead), least, 0.1)
        return right(resource, f"its clock is the same as here, within {within:.1f} s")
    side = "ahead of" if ahead > 0 else "behind"
    what = f"its clock is {abs(ahead):.1f} s {side} the one of this machine"
    return (wrong if off >= _WRONG else doubtful)(resource, what, *_ADVICE)
