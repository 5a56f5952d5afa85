"""The test alert, which verifies that notifications arrive and is marked as a test."""

from datetime import UTC, datetime
from typing import Any, Final

from obs.alerts.alert import MINUTE, OWN, Severity
from obs.spec.system import System

NAME: Final = "ObsTest"
_AT_LEAST: Final = 10 * MINUTE
_AFTER_THE_WAIT: Final = 5 * MINUTE


def lasts(longest_wait: float) -> float:
    """Seconds until it resolves by itself: later than the first notification of any route."""
    return max(_AT_LEAST, longest_wait + _AFTER_THE_WAIT)


def notification_alert(
    system: System, severity: Severity, now: float, seconds: float
) -> dict[str, Any]:
    """The alert in the format of Alertmanager's API: from `now` (Unix seconds), for so long."""
    return {
        "labels": {
            "alertname": NAME,
            "severity": str(severity),
            "environment": system.environment,
            "system": system.system,
            OWN[0]: OWN[1],
            "test": "true",
        },
        "annotations": {"summary": _SUMMARY, "description": _description(system)},
        "startsAt": _time(now),
        "endsAt": _time(now + seconds),
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
