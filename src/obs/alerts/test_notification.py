"""The test alert, which verifies that notifications arrive and is marked as a test."""

from datetime import UTC, datetime
from typing import Any, Final

from obs.alerts.alert import MINUTE, Severity
from obs.spec.system import System

NAME: Final = "ObsTest"
LASTS: Final = 10 * MINUTE
"""Seconds until it resolves by itself: longer than the group_wait of any severity."""


def notification_alert(
    system: System, severity: Severity, now: float, lasts: float
) -> dict[str, Any]:
    """The alert in the format of Alertmanager's API; `now` is Unix seconds."""
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
    """Subject and message of the notification for an SNS topic; `now` is Unix seconds."""
    subject = f"[TEST] {NAME} ({system.system}, {system.environment})"
    lines = (_SUMMARY, _description(system), f"severity: {severity}", f"sent: {_time(now)}")
    return subject[:100], "\n".join(lines)


_SUMMARY: Final = "This is a test notification. No action is needed."


def _description(system: System) -> str:
    return (
        f"Sent by `obs alerts test` for {system.system} ({system.environment}). It resolves by "
        "itself."
    )


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
