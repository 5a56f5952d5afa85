"""Colours and defaults, the same for the same thing on every page.

Colours are names of Grafana's palette, which it adapts to its light and dark themes.
"""

from typing import Any, Final

from obs.alerts.alert import Severity
from obs.catalogue import nats

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

STATUS_COLOURS: Final = ("green", "blue", "yellow", "orange", "red", "purple")
"""Of the consumer's status, from ok to leaderless."""

STATUSES: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            str(value): {"text": name, "color": colour, "index": value}
            for value, (name, colour) in enumerate(zip(nats.STATUSES, STATUS_COLOURS, strict=True))
        },
    }
]

SEVERITIES: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            severity.value: {"color": colour, "index": index}
            for index, (severity, colour) in enumerate(SEVERITY.items())
        },
    }
]

UP_DOWN: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            "0": {"text": "down", "color": CRITICAL, "index": 0},
            "1": {"text": "up", "color": GOOD, "index": 1},
        },
    }
]

HOLDS: Final[list[dict[str, Any]]] = [
    {
        "type": "value",
        "options": {
            "0": {"text": "no", "color": "transparent", "index": 0},
            "1": {"text": "yes", "color": WARNING, "index": 1},
        },
    }
]

BY_NAME: Final = {"mode": "palette-classic-by-name"}
BY_THRESHOLD: Final = {"mode": "thresholds"}


def fixed(colour: str) -> dict[str, Any]:
    """One colour whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def never(colour: str) -> list[dict[str, Any]]:
    """A word for durations that have no end."""
    result = {"text": "never", "color": colour, "index": 0}
    return [{"type": "range", "options": {"from": 1e18, "result": result}}]
