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


def told(name: str, spec: Callable[..., Spec], text: str = "") -> str:
    """The runbook of an alert in a system."""
    system = spec(text).system
    rules = [tuned for tuned in tuned_alerts(system) if tuned.name == name]
    return runbook(BY_NAME[name], rules, system)


def test_it_says_that_the_notification_has_the_names_where_commands_have_one(
    spec: Callable[..., Spec],
) -> None:
    first = "## Diagnosis\n\nPut in the names that the notification has"
    assert first in told("NatsConsumerStopped", spec)
    assert first not in told("ObsSourceDown", spec)


def test_it_says_which_user_asks_servers(spec: Callable[..., Spec]) -> None:
    words = "`nats server` needs a user of the system account."
    assert words in told("NatsConsumerStopped", spec)
    assert words not in told("NatsConsumerStalled", spec)


def test_the_number_of_a_state_has_the_name_of_its_metric(spec: Callable[..., Spec]) -> None:
    assert "- critical, default: nats_consumer_status = 4 for 2m\n" in told(
        "NatsConsumerStopped", spec
    )


def test_a_silence_is_of_this_system_only(spec: Callable[..., Spec]) -> None:
    stack = "stacks: {alertmanager: {url: 'http://alerts:9093', config_file: a.yaml}}\n"
    for text, url in (("", "http://localhost:9093"), (stack, "http://alerts:9093")):
        found = told("NatsConsumerStopped", spec, text)
        (command,) = (line for line in found.splitlines() if line.startswith("amtool silence"))
        environment, system = (f"{label}={value}" for label, value in spec(text).system.labels)
        assert {environment, system, f"--alertmanager.url={url}"} <= set(command.split())
