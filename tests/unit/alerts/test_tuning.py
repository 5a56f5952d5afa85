"""What a spec may change about an alert, and what it is told when it may not."""

from collections.abc import Callable

import pytest

from obs.alerts.alert import Severity, TunedAlert
from obs.alerts.conditions import Above, Age, Burn, ErrorRate, Increase, Quiet
from obs.alerts.definitions import (
    ALERTS,
    SOURCE_KIND,
    aws_pipes,
    aws_targets,
    high_availability,
    work_queues,
)
from obs.alerts.tuning import check_tuning, tuned_alerts
from obs.errors import BadInput
from obs.spec.load import Spec
from obs.spec.report import InvalidSpec
from tests.unit.alerts.conftest import SPEC

Read = Callable[..., Spec]


ON_REQUEST = {
    *("NatsClientPendingBytesHigh", "NatsServiceDown", "NatsServiceErrors", "NatsServiceSlow"),
    *("NatsQuorumLost", "NatsLeaderElectionsFrequent", "NatsConsumerNakRateHigh"),
    "NatsConsumerProcessingSlow",
    *(alert.name for alert in (*aws_targets.ALERTS, *aws_pipes.ALERTS, *work_queues.ALERTS)),
    *(alert.name for alert in high_availability.ALERTS),
}
"""Alerts on what is not collected by default, or without a connection, or `ha`."""


def alerts(spec: Spec, name: str) -> list[TunedAlert]:
    check_tuning(spec)
    return [tuned for tuned in tuned_alerts(spec.system) if tuned.name == name]


def complaint(spec: Spec) -> str:
    with pytest.raises(InvalidSpec) as caught:
        check_tuning(spec)
    (problem,) = caught.value.problems
    return f"{problem.line}: {problem.field}: {problem.message}"


def test_without_tuning_every_alert_is_there_as_obs_has_it(spec: Read) -> None:
    system = spec().system
    found = tuned_alerts(system)
    elsewhere = {name for name, kind in SOURCE_KIND.items() if not system.sources.of(kind)}
    elsewhere |= ON_REQUEST
    assert {tuned.name for tuned in found} == {alert.name for alert in ALERTS} - elsewhere
    for tuned in found:
        assert (tuned.severity, tuned.hold) == (tuned.alert.severity, tuned.alert.hold)


def test_what_a_system_does_not_have_is_not_alerted_on(spec: Read) -> None:
    found = tuned_alerts(spec(instead="version: 1\nsystem: empty\n").system)
    assert {tuned.name[:3] for tuned in found} == {"Obs"}
    assert "ObsAwsBudgetExceeded" not in {tuned.name for tuned in found}


COLLECTS = """\
version: 1
system: shop
sources:
  nats: {main: {monitor: [http://nats:8222], collect: [leafnodes]}}
"""


def test_what_no_source_collects_is_not_alerted_on(spec: Read) -> None:
    found = {tuned.name for tuned in tuned_alerts(spec(instead=COLLECTS).system)}
    assert {"NatsLeafNodeLost", "NatsServerDown", "NatsServerUnhealthy"} <= found
    assert found.isdisjoint({"NatsRouteLost", "NatsGatewayLost", "NatsServerCpuHigh"})


def test_what_no_connection_counts_is_not_alerted_on(spec: Read) -> None:
    connection = "connection: {servers: [nats://n:4222]}}"
    counting = COLLECTS.replace("collect: [leafnodes]}", connection)
    assert counting != COLLECTS
    found = {tuned.name for tuned in tuned_alerts(spec(instead=counting).system)}
    assert {"NatsQuorumLost", "NatsLeaderElectionsFrequent", "NatsConsumerProcessingSlow"} <= found
    assert "NatsConsumerNakRateHigh" not in found
    text = "alerts: {NatsConsumerNakRateHigh: {above: 5}}\n"
    assert "needs naks in the events of a connection" in complaint(spec(text, instead=counting))


def test_tuning_an_alert_on_what_no_source_collects_is_told(spec: Read) -> None:
    text = "alerts: {NatsRouteLost: {for: 5m}}\n"
    said = (
        "NatsRouteLost needs routes in collect, which no source has; add it, or remove the tuning"
    )
    assert complaint(spec(text, instead=COLLECTS)) == f"5: alerts.NatsRouteLost: {said}"
    check_tuning(spec("alerts: {NatsRouteLost: {enabled: false}}\n", instead=COLLECTS))


def test_threshold_hold_severity_and_labels_are_tuned(spec: Read) -> None:
    tuning = "{above: 5000, for: 10m, severity: critical, labels: {team: a}}"
    (tuned,) = alerts(spec(f"alerts: {{NatsConsumerLagHigh: {tuning}}}\n"), "NatsConsumerLagHigh")
    assert isinstance(tuned.when, Above)
    assert tuned.when.threshold == 5000
    assert (tuned.hold, tuned.severity, tuned.labels) == (600, Severity.CRITICAL, (("team", "a"),))


def test_windows_minimums_and_lower_limits_are_tuned(spec: Read) -> None:
    tuned = spec(
        "alerts:\n"
        "  EventBridgeFailedInvocations: {window: 10m}\n"
        "  EventBridgeErrorRateHigh: {above: 2.5, min_events: 50}\n"
        "  EventBridgeInvocationsLow: {below: 3, window: 1h}\n"
        "  SloNoData: {above: 30m}\n"
    )
    (failed,) = alerts(tuned, "EventBridgeFailedInvocations")
    (rate,) = alerts(tuned, "EventBridgeErrorRateHigh")
    (low,) = alerts(tuned, "EventBridgeInvocationsLow")
    (gone,) = alerts(tuned, "SloNoData")
    assert isinstance(failed.when, Increase)
    assert (failed.when.threshold, failed.when.window) == (5, 600)
    assert isinstance(rate.when, ErrorRate)
    assert (rate.when.threshold, rate.when.minimum) == (2.5, 50)
    assert isinstance(low.when, Quiet)
    assert (low.when.threshold, low.when.window) == (3, 3600)
    assert isinstance(gone.when, Age)
    assert gone.when.threshold == 1800


def test_an_alert_can_be_disabled(spec: Read) -> None:
    assert alerts(spec("alerts: {NatsConsumerSlow: {enabled: false}}\n"), "NatsConsumerSlow") == []


def test_an_object_with_its_own_rule_leaves_the_general_one(spec: Read) -> None:
    text = (
        "alerts:\n  NatsConsumerLagHigh:\n    for: 1m\n    overrides:\n"
        "      - {stream: S, above: 7}\n      - {stream: S, consumer: c, above: 3}\n"
        "      - {consumer: idle, enabled: false}\n"
    )
    general, stream, consumer = alerts(spec(text), "NatsConsumerLagHigh")
    of_stream, of_consumer = (("stream", "S"),), (("stream", "S"), ("consumer", "c"))
    assert general.without == (of_stream, of_consumer, (("consumer", "idle"),))
    assert (stream.only, stream.without) == (of_stream, (of_consumer,))
    assert (consumer.only, consumer.without) == (of_consumer, ())
    assert {rule.hold for rule in (general, stream, consumer)} == {60}


def test_a_burn_alert_has_a_rule_for_each_tier_and_period(spec: Read) -> None:
    sli = "{eventbridge: {source: cloud, bus: b}}"
    week = f"  - {{name: w, service: s, objective: 99, window: 7d, sli: {sli}}}\n"
    assert [t.labels for t in alerts(spec(), "SloBudgetBurnsFast")] == [
        (("tier", "1h"),),
        (("tier", "6h"),),
    ]
    burns = [tuned.when for tuned in alerts(spec(week), "SloBudgetBurnsFast")]
    assert [burn for burn in burns if not isinstance(burn, Burn)] == []
    assert [(b.period, b.long, b.factor) for b in burns if isinstance(b, Burn)] == [
        ("7d", "10m", 20.16),
        ("7d", "1h", 8.4),
        ("30d", "1h", 14.4),
        ("30d", "6h", 6),
    ]


def test_tiers_that_no_objective_can_trip_are_left_out(spec: Read) -> None:
    loose = spec().system.slos[0].model_copy(update={"objective": 80.0})
    system = spec().system.model_copy(update={"slos": (loose,)})
    names = [tuned.name for tuned in tuned_alerts(system)]
    assert "SloBudgetBurnsFast" not in names
    assert names.count("SloBudgetBurnsSlowly") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "NatsConsumerLagHi: {}",
            "9: alerts.NatsConsumerLagHi: no alert of this name; did you mean",
        ),
        (
            "NatsConsumerLagHigh: {below: 3}",
            "alerts.NatsConsumerLagHigh.below: NatsConsumerLagHigh has no below",
        ),
        ("NatsConsumerLagHigh: {above: 3m}", "compares messages; write a number without a unit"),
        ("NatsConsumerLagSecondsHigh: {above: 3}", "compares a time; write a duration"),
        ("EventBridgeInvocationsLow: {below: 0}", "below: EventBridgeInvocationsLow never fires"),
        ("NatsConsumerLagHigh: {above: -1}", "NatsConsumerLagHigh always fires above -1"),
        ("NatsConsumerLagHigh: {above: 1e12}", "write less than 1000000000000 messages"),
        ("EventBridgeErrorRateHigh: {above: 100}", "write less than 100 percent"),
        ("NatsConsumerAckPendingFull: {above: 1.23456}", "write at most 4 decimals"),
        ("SloNoData: {above: 1d}", "write less than 1d"),
        ("EventBridgeRetriesRising: {window: 61s}", "window: is not whole minutes"),
        ("NatsConsumerLagHigh: {for: 1.5s}", "for: is not whole seconds"),
        ("NatsConsumerLagHigh: {labels: {__x: y}}", "keeps names that begin with __ to itself"),
        ("NatsConsumerStopped: {above: 3}", "has no above; it has no tunable threshold"),
        ("NatsConsumerLagHigh: {labels: {tier: x}}", "obs sets this label"),
        ("NatsConsumerLagHigh: {labels: {stream: x}}", "obs sets this label"),
        ("NatsConsumerLagHigh: {overrides: [{above: 3}]}", "selects no consumer"),
        ("NatsConsumerLagHigh: {overrides: [{queue: q}]}", "concerns a consumer, selected by nats"),
        ("ObsCollectorAbsent: {overrides: [{source: q}]}", "does not concern single objects"),
        ("SqsDeadLettersOld: {overrides: [{queue: q}, {queue: q}]}", "selects the same objects"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(spec: Read, text: str, words: str) -> None:
    assert words in complaint(spec(f"alerts:\n  {text}\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("EventBridgeRetriesRising: {window: 25h}", "25h is out of range; write at most 1d"),
        (
            "NatsConsumerLagHigh: {overrides: [{stream: s, for: 13h}]}",
            "13h is out of range; write at most 12h",
        ),
        (
            "EventBridgeErrorRateHigh: {min_events: 2000000000}",
            "2000000000 is out of range; write at most 1000000000",
        ),
    ],
)
def test_what_is_beyond_what_cloudwatch_looks_back_is_no_spec(
    spec: Read, text: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        spec(f"alerts:\n  {text}\n")


def test_an_alert_on_what_no_aws_source_watches_cannot_be_tuned(spec: Read) -> None:
    tuning = "alerts: {LambdaThrottled: {above: 5}}\n"
    assert complaint(spec(tuning)) == (
        "8: alerts.LambdaThrottled: LambdaThrottled needs functions or targets, which no source "
        "has; add it, or remove the tuning"
    )
    watching = SPEC.replace("{region: us-east-1}", "{region: us-east-1, targets: true}")
    (tuned,) = alerts(spec(tuning, instead=watching), "LambdaThrottled")
    assert tuned.identity == ("aws", "function")
