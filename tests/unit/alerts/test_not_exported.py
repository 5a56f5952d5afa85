"""Alerts on metrics that a system does not export."""

from collections.abc import Callable

import pytest

from obs.alerts.alert import Alert
from obs.alerts.definitions import ALERTS
from obs.alerts.recording import recording_groups
from obs.alerts.targets import DEFAULT, build, remarks
from obs.alerts.tuning import alarmed, check_tuning, tuned_alerts
from obs.catalogue import BY_NAME
from obs.catalogue.exported import ALWAYS, names_in
from obs.spec.load import Spec
from obs.spec.report import InvalidSpec
from tests.unit.alerts.conftest import SPEC

Read = Callable[..., Spec]

WITHOUT_STATUS = "metrics: {exclude: [nats_consumer_status]}\n"


def test_an_alert_on_what_is_not_exported_has_no_rule_test_or_runbook_and_that_is_told(
    spec: Read,
) -> None:
    system = spec(WITHOUT_STATUS).system
    built = build(system, DEFAULT)
    for target in ("prometheus", "promtool", "grafana"):
        for text in built[target].values():
            assert "NatsConsumerStopped" not in text
            assert "nats_consumer_status{" not in text
    assert "runbooks/NatsConsumerStopped.md" not in built["runbooks"]
    assert "runbooks/NatsConsumerLagHigh.md" in built["runbooks"]
    assert (
        "NatsConsumerStopped: it reads nats_consumer_status, which metrics.exclude leaves out"
    ) in remarks(system, built).left_out


def test_a_tuned_alert_on_what_is_not_exported_is_a_mistake_unless_it_is_disabled(
    spec: Read,
) -> None:
    with pytest.raises(InvalidSpec) as refused:
        check_tuning(spec(WITHOUT_STATUS + "alerts: {NatsConsumerStopped: {for: 5m}}\n"))
    assert str(refused.value).endswith(
        "alerts.NatsConsumerStopped: NatsConsumerStopped reads nats_consumer_status, which "
        "metrics.exclude leaves out; disable it, or export the metric"
    )
    check_tuning(spec(WITHOUT_STATUS + "alerts: {NatsConsumerStopped: {enabled: false}}\n"))


def test_alarms_of_cloudwatch_read_what_aws_publishes_exported_or_not(spec: Read) -> None:
    known = SPEC.replace("us-east-1}", "us-east-1, buses: [{name: b, rules: [r]}]}")
    system = spec("metrics: {exclude: [eventbridge_*]}\n", instead=known).system
    name = "EventBridgeFailedInvocations"
    assert name not in {tuned.name for tuned in tuned_alerts(system)}
    assert name in {tuned.name for tuned in alarmed(system)}
    built = build(system, DEFAULT)
    assert any("FailedInvocations" in text for text in built["cloudwatch"].values())
    assert f"runbooks/{name}.md" in built["runbooks"]


def test_burn_rates_that_are_not_exported_have_no_alerts(spec: Read) -> None:
    system = spec("metrics: {exclude: [slo_burn_rate]}\n").system
    built = {tuned.name for tuned in tuned_alerts(system)}
    assert "SloBudgetBurnsFast" not in built
    assert "SloBudgetExhausted" in built


def test_nothing_is_recorded_from_counters_that_are_not_exported(spec: Read) -> None:
    assert recording_groups(spec().system)
    system = spec("metrics: {exclude: [slo_events_total]}\n").system
    assert recording_groups(system) == []
    built = build(system, ("prometheus", "recording"))
    assert (
        "recording rules: they read slo_events_total, which metrics.exclude leaves out"
    ) in remarks(system, built).left_out


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_condition_says_every_metric_that_its_rules_read(alert: Alert, spec: Read) -> None:
    for tuned in alarmed(spec().system):
        if tuned.alert is alert:
            read = names_in(tuned.expression) & BY_NAME.keys()
            assert read <= {metric.name for metric in tuned.when.metrics()} | ALWAYS
