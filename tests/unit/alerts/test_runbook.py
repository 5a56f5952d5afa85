"""Runbooks with a system's own names."""

from collections.abc import Callable

import pytest

from obs.alerts.alert import Alert
from obs.alerts.definitions import ALERTS, BY_NAME
from obs.alerts.runbook import runbook
from obs.alerts.tuning import tuned_alerts
from obs.spec.load import Spec


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_no_placeholder_is_left(alert: Alert, spec: Callable[..., Spec]) -> None:
    system = spec().system
    rules = [tuned for tuned in tuned_alerts(system) if tuned.alert is alert]
    text = runbook(alert, rules, system)
    assert "{" not in text
    assert text.startswith(f"# {alert.name}\n\n{alert.summary}\n")


def test_it_has_the_system_s_names_and_thresholds(spec: Callable[..., Spec]) -> None:
    text = (
        "alerts: {NatsConsumerLagHigh: {above: 5, for: 1m, overrides: [{stream: S, above: 9}]}}\n"
    )
    system = spec(text).system
    rules = [tuned for tuned in tuned_alerts(system) if tuned.name == "NatsConsumerLagHigh"]
    told = runbook(BY_NAME["NatsConsumerLagHigh"], rules, system)
    assert "- warning, default: > 5 for 1m\n- warning, stream S: > 9 for 1m\n" in told
    assert "http://nats:8222/jsz" in told
