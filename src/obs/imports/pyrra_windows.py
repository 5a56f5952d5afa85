"""pyrra's four pairs of windows, which grow with the window of the SLO."""

from math import ceil
from typing import Any, Final

from obs.durations import format_duration
from obs.imports.findings import Section

_STEP: Final = 300.0
_DAYS: Final = 28 * 86_400.0
_PAIRS: Final = (
    # Over 28 days: seconds of the long and the short window, how fast the budget burns, severity.
    (3_600.0, 300.0, 14.0, "page"),
    (6 * 3_600.0, 1_800.0, 7.0, "page"),
    (86_400.0, 2 * 3_600.0, 2.0, "ticket"),
    (4 * 86_400.0, 6 * 3_600.0, 1.0, "ticket"),
)


def tiers_of(spec: Section, window: float) -> list[dict[str, Any]]:
    """The tiers of an SLO over `window` seconds, as pyrra has them; none where obs keeps its own,
    which is told."""
    share = window / _DAYS
    tiers = []
    moved = []
    for long, short, factor, severity in _PAIRS:
        theirs = [_minutes(seconds * share) for seconds in (long, short)]
        ours = [_multiple(seconds) for seconds in theirs]
        moved += [
            f"{format_duration(one)} → {format_duration(other)}"
            for one, other in zip(theirs, ours, strict=True)
            if one != other
        ]
        tiers.append(
            {
                "severity": severity,
                "long": format_duration(ours[0]),
                "short": format_duration(ours[1]),
                "budget": f"{factor * ours[0] / window * 100:.12g}%",
            }
        )
    if len({(tier["severity"], tier["long"]) for tier in tiers}) < len(tiers):
        spec.lost("window", "pyrra's windows are too short for obs, which keeps its own tiers")
        return []
    if moved:
        spec.lost("window", f"obs has windows of multiples of 5m: {', '.join(moved)}")
    spec.note("window", "the tiers are pyrra's burn rates, without `for`, which obs has not")
    return tiers


def _minutes(seconds: float) -> float:
    return 60.0 * int(seconds / 60.0 + 0.5)


def _multiple(seconds: float) -> float:
    return _STEP * max(ceil(seconds / _STEP), 1)
