"""Colours and defaults, the same for the same thing on every page.

Colours are names of Grafana's palette, which it adapts to its light and dark themes.
"""

from collections.abc import Sequence
from typing import Any, Final

from obs.alerts.alert import Severity

GOOD: Final = "green"
WARNING: Final = "orange"
CRITICAL: Final = "red"
LOW: Final = "yellow"
INFO: Final = "blue"
NEUTRAL: Final = "text"

SEVERITY: Final = {
    Severity.INFO: INFO,
    Severity.WARNING: WARNING,
    Severity.CRITICAL: CRITICAL,
}

FAILED: Final = "red"
DEAD_LETTERS: Final = "purple"
LAG: Final = "orange"
PENDING: Final = "blue"
IN_FLIGHT: Final = "yellow"
ARRIVALS: Final = "light-blue"
DELIVERIES: Final = "green"

STATE_COLOURS: Final = {
    "ok": "green",
    "paused": "blue",
    "slow": "yellow",
    "stalled": "orange",
    "stopped": "red",
    "leaderless": "purple",
    "down": CRITICAL,
    "up": GOOD,
    "there": GOOD,
    "missing": CRITICAL,
    "unmatched": WARNING,
    "running": GOOD,
    "enabled": GOOD,
    "disabled": WARNING,
    "ready": GOOD,
    "not ready": CRITICAL,
    "no": "transparent",
    "yes": WARNING,
}
"""Colours of the states that metrics declare; any other state is NEUTRAL."""

SEVERITIES: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            severity.value: {"color": colour, "index": index}
            for index, (severity, colour) in enumerate(SEVERITY.items())
        },
    }
]

BY_NAME: Final = {"mode": "palette-classic-by-name"}
BY_THRESHOLD: Final = {"mode": "thresholds"}


def fixed(colour: str) -> dict[str, Any]:
    """One colour whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def states(names: Sequence[str]) -> list[dict[str, Any]]:
    """The text and the colour of each state that a metric's values stand for, from 0."""
    return [
        {
            "type": "value",
            "options": {
                str(value): {
                    "text": name,
                    "color": STATE_COLOURS.get(name, NEUTRAL),
                    "index": value,
                }
                for value, name in enumerate(names)
            },
        }
    ]


def never(colour: str) -> list[dict[str, Any]]:
    """The text for durations without an end."""
    result = {"text": "never", "color": colour, "index": 0}
    return [{"type": "range", "options": {"from": 1e18, "result": result}}]
