"""The test alert: proves that alerts reach people, and says that it is no more than that."""

from datetime import UTC, datetime
from typing import Any, Final

from obs.alerts.alert import MINUTE, Severity
from obs.spec.system import System

NAME: Final = "ObsTest"
LASTS: Final = 10 * MINUTE
"""Seconds until it ends by itself: longer than the routes of any severity wait."""


def notification_alert(
    system: System, severity: Severity, now: float, lasts: float
) -> dict[str, Any]:
    """The alert as Alertmanager's API takes it; `now` is Unix seconds."""
    return {
        "labels": {
            "alertname": NAME,
            "severity": str(severity),
            "environment": system.environment,
            "system": system.system,
            "test": "true",
        },
        "annotations": {"summary": _SUMMARY, "description": _description(system)},
        "startsAt": _time(now),
        "endsAt": _time(now + lasts),
    }


def notification_message(system: System, severity: Severity, now: float) -> tuple[str, str]:
    """Subject and text as they are published to a topic; `now` is Unix seconds."""
    subject = f"[TEST] {NAME} ({system.system}, {system.environment})"
    lines = (_SUMMARY, _description(system), f"severity: {severity}", f"sent: {_time(now)}")
    return subject[:100], "\n".join(lines)


_SUMMARY: Final = "This is a test: alerts reach you. Nothing is wrong."


def _description(system: System) -> str:
    return (
        f"Somebody ran `obs alerts test` for {system.system} ({system.environment}); it ends by "
        "itself."
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
