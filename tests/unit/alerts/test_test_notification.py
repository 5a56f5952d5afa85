"""The test alert looks like an alert, says that it is none, and ends by itself."""

from datetime import datetime

from obs.alerts.alert import Severity
from obs.alerts.test_notification import NAME, lasts, notification_alert, notification_message
from obs.spec.system import System

SYSTEM = System(version=1, system="oms", environment="staging")


def test_the_test_alert_is_marked_and_takes_the_route_of_its_severity() -> None:
    alert = notification_alert(SYSTEM, Severity.CRITICAL, 1_000.0, 600)
    assert alert["labels"] == {
        "alertname": NAME,
        "severity": "critical",
        "environment": "staging",
        "managed_by": "obs",
        "system": "oms",
        "test": "true",
    }
    assert "test" in alert["annotations"]["summary"]


def test_the_test_alert_ends_after_its_time() -> None:
    alert = notification_alert(SYSTEM, Severity.INFO, 1_000.0, 600)
    begin, end = (datetime.fromisoformat(alert[key]) for key in ("startsAt", "endsAt"))
    assert begin.timestamp() == 1_000
    assert (end - begin).total_seconds() == 600


def test_it_lasts_until_every_route_has_notified() -> None:
    assert lasts(0) == 600
    assert lasts(3_600) > 3_600


def test_the_message_to_a_topic_begins_with_test_and_fits_a_subject_of_sns() -> None:
    subject, text = notification_message(SYSTEM, Severity.WARNING, 0.0)
    assert subject == "[TEST] ObsTest (oms, staging)"
    assert "severity: warning\nsent: 1970-01-01T00:00:00.000+00:00" in text
    long = System(version=1, system="s" * 60, environment="e" * 60)
    assert len(notification_message(long, Severity.WARNING, 0.0)[0]) == 100
