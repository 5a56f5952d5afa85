"""What an alert says."""

import pytest

from obs.alerts.alert import Alert, TunedAlert
from obs.alerts.annotations import described
from obs.alerts.conditions import Condition
from obs.alerts.definitions import ALERTS, BY_NAME


def when(name: str) -> Condition:
    return BY_NAME[name].when


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NatsConsumerLagHigh", "> 1000"),
        ("NatsConsumerLagSecondsHigh", "> 5m"),
        ("NatsConsumerEvictionAhead", "< 10m"),
        ("NatsConsumerStopped", "= 4"),
        ("NatsServerStoreNearLimit", "> 85 %"),
        ("EventBridgeFailedInvocations", "> 5 in 5m"),
        ("EventBridgeErrorRateHigh", "> 10 % in 15m"),
        ("EventBridgeInvocationsLow", "< 1 in 15m"),
        ("SloBudgetExhausted", "< 0 %"),
        ("ObsSourceDown", "> 30 % of stale_after"),
        ("ObsWatchdog", ""),
    ],
)
def test_a_comparison_is_worded_with_its_unit(name: str, words: str) -> None:
    assert when(name).words().comparison == words


def test_a_description_has_threshold_and_window_filled_in() -> None:
    alert = BY_NAME["EventBridgeFailedInvocations"]
    tuned = TunedAlert(alert, alert.severity, alert.when, alert.hold, ())
    assert described(tuned, str.upper) == (
        "VALUE invocations of rule RULE on bus BUS failed after all retries in the last 5m "
        "(threshold 5)."
    )


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_description_can_be_filled_in(alert: Alert) -> None:
    tuned = TunedAlert(alert, alert.severity, alert.when, alert.hold, ())
    assert "{" not in described(tuned, lambda name: name)
