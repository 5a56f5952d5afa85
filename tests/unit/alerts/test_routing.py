"""Who is told what, and what is not told because something else says it already."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.alert import Severity, TunedAlert
from obs.alerts.causes import CAUSES, NEVER_INHIBITED, inhibit_problems
from obs.alerts.conditions import Burn
from obs.alerts.definitions import BY_NAME
from obs.alerts.routing import NO_RECEIVER, Inhibition, inhibitions, legs, of_system, reached
from obs.alerts.test_notification import notification_alert
from obs.alerts.tuning import alarmed, tuned_alerts
from obs.alerts.writers.alertmanager import configuration
from obs.spec.load import load
from obs.spec.notify import Notify
from obs.spec.system import System
from tests.unit.alerts.silencing import firing, fits, silences

REFERENCE = Path(__file__).parents[3] / "collectors" / "oms.yaml"
WORST_FIRST = ("critical", "warning", "info")


@pytest.fixture(scope="module")
def system() -> System:
    return load([REFERENCE], variables={})


@pytest.fixture(scope="module")
def alerts(system: System) -> tuple[TunedAlert, ...]:
    return tuned_alerts(system)


@pytest.fixture(scope="module")
def rules(system: System, alerts: tuple[TunedAlert, ...]) -> tuple[Inhibition, ...]:
    return inhibitions(alerts, system)


def named(alerts: Sequence[TunedAlert], name: str, tier: str = "") -> TunedAlert:
    (found,) = (
        tuned
        for tuned in alerts
        if tuned.name == name
        and (not tier or (isinstance(tuned.when, Burn) and tuned.when.long == tier))
    )
    return found


def test_no_alert_silences_a_worse_one(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    wrong = [
        (one["alertname"], other["alertname"])
        for one, other in product(map(firing, alerts), repeat=2)
        if WORST_FIRST.index(one["severity"]) > WORST_FIRST.index(other["severity"])
        and silences(rules, one, other)
    ]
    assert wrong == []


def test_no_two_alerts_silence_each_other(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    wrong = [
        (one["alertname"], other["alertname"])
        for one, other in product(map(firing, alerts), repeat=2)
        if silences(rules, one, other) and silences(rules, other, one)
    ]
    assert wrong == []


FOREIGN = ("system", "environment", "server", "consumer", "slo", "source", "tier", "alertname")


@given(
    st.tuples(*[st.fixed_dictionaries({}, optional=dict.fromkeys(FOREIGN, st.text()))] * 2),
    st.data(),
)
def test_alerts_of_others_neither_silence_nor_are_silenced(
    alerts: tuple[TunedAlert, ...],
    rules: tuple[Inhibition, ...],
    theirs: tuple[dict[str, str], dict[str, str]],
    data: st.DataObject,
) -> None:
    """Whatever labels they share with ours: of one system, on one server, under one name."""
    ours = firing(data.draw(st.sampled_from(alerts)))
    like_ours = [{**ours, **labels} for labels in theirs]
    for labels in like_ours:
        del labels["managed_by"]
    critical = [{**labels, "severity": "critical"} for labels in (*theirs, *like_ours)]
    warning = [{**labels, "severity": "warning"} for labels in (*theirs, *like_ours)]
    for one, other in product((*critical, ours), (*warning, ours)):
        assert not silences(rules, one, other)


def test_the_rules_of_one_system_say_nothing_about_another(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    for one, other in product(map(firing, alerts), repeat=2):
        for scope in ({"system": "another"}, {"environment": "staging"}):
            assert not silences(rules, {**one, **scope}, {**other, **scope})


@pytest.mark.parametrize("severity", WORST_FIRST)
def test_nothing_silences_the_test_notification(
    system: System, alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...], severity: str
) -> None:
    sent = notification_alert(system, Severity(severity), 0, 600)["labels"]
    assert fits(sent, of_system(system))
    assert [it.name for it in alerts if silences(rules, firing(it), sent)] == []


def test_nothing_silences_the_watchdog_or_the_cause_of_a_dead_source(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    sources = [named(alerts, name) for name in ("ObsSourceDown", "ObsSourceStale")]
    down = firing(named(alerts, "NatsServerDown"))
    watchdog = firing(named(alerts, "ObsWatchdog"))
    assert [it.name for it in sources if silences(rules, firing(it), down)] == []
    assert [it.name for it in alerts if silences(rules, firing(it), watchdog)] == []


@pytest.mark.parametrize(
    ("louder", "quieter", "same"),
    [
        ("NatsConsumerStalled", "NatsConsumerLagHigh", "consumer"),
        ("EventBridgeFailedInvocations", "EventBridgeRetriesRising", "rule"),
        ("SqsDeadLettersOld", "SqsDeadLettersWaiting", "queue"),
        ("ObsSourceStale", "ObsSourceDown", "source"),
    ],
)
def test_a_critical_alert_silences_warnings_on_its_own_object_only(
    alerts: tuple[TunedAlert, ...],
    rules: tuple[Inhibition, ...],
    louder: str,
    quieter: str,
    same: str,
) -> None:
    one, other = named(alerts, louder), named(alerts, quieter)
    assert silences(rules, firing(one), firing(other))
    assert not silences(rules, firing(one), firing(other, **{same: "another"}))
    elsewhere = {**firing(other), "environment": "staging"}
    assert not silences(rules, firing(one), elsewhere)


def test_a_consumers_alert_silences_none_on_its_stream(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    consumer = firing(named(alerts, "NatsConsumerStalled"))
    assert not silences(rules, consumer, firing(named(alerts, "NatsStreamReplicaLagging")))


def test_a_faster_tier_silences_the_slower_ones_of_its_slo(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    tiers = [tuned for tuned in alerts if isinstance(tuned.when, Burn)]
    tiers.sort(key=lambda tuned: -tuned.when.factor if isinstance(tuned.when, Burn) else 0)
    assert [dict(tuned.labels)["tier"] for tuned in tiers] == ["1h", "6h", "1d", "3d"]
    for (fast, one), (slow, other) in product(enumerate(tiers), repeat=2):
        assert silences(rules, firing(one), firing(other)) == (fast < slow)
        assert not silences(rules, firing(one), firing(other, slo="another"))


def test_tiers_of_slos_of_different_length_silence_by_their_windows(system: System) -> None:
    """A month's hour has a higher burn rate than a day's ten minutes, but is slower."""
    day, month = (system.slos[0].model_copy(update={"window": n * 86_400.0}) for n in (1, 30))
    both = system.model_copy(update={"slos": (day, month)})
    alerts = tuned_alerts(both)
    tiers = [tuned for tuned in alerts if isinstance(tuned.when, Burn)]
    rules = inhibitions(alerts, both)
    for one, other in product(tiers, repeat=2):
        if dict(one.labels)["slo_window"] == dict(other.labels)["slo_window"]:
            faster = tiers.index(one) < tiers.index(other)
            assert silences(rules, firing(one), firing(other)) == faster


def test_a_source_that_is_down_silences_the_warnings_that_depend_on_it(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    down = firing(named(alerts, "ObsSourceDown"), source="main")
    assert silences(rules, down, firing(named(alerts, "NatsConsumerLagHigh")))
    assert silences(rules, down, firing(named(alerts, "SloNoData"), slo="processing"))
    assert not silences(rules, down, firing(named(alerts, "SloNoData"), slo="event-delivery"))
    assert not silences(rules, down, firing(named(alerts, "SqsDeadLettersWaiting")))
    assert not silences(rules, down, firing(named(alerts, "NatsConsumerStalled")))
    stale = firing(named(alerts, "ObsSourceStale"), source="main")
    assert silences(rules, stale, firing(named(alerts, "NatsConsumerStalled")))


def test_no_collector_silences_what_follows_from_it(
    alerts: tuple[TunedAlert, ...], rules: tuple[Inhibition, ...]
) -> None:
    absent = firing(named(alerts, "ObsCollectorAbsent"))
    assert silences(rules, absent, firing(named(alerts, "SloNoData")))
    assert not silences(rules, absent, {**firing(named(alerts, "SloNoData")), "system": "other"})


def test_tuning_a_source_alert_to_critical_lets_it_silence_critical_ones(
    system: System, tmp_path: Path
) -> None:
    spec = tmp_path / "spec.yaml"
    tuned = "alerts: {ObsSourceDown: {severity: critical}}\n"
    spec.write_text(REFERENCE.read_text(encoding="utf-8") + tuned, encoding="utf-8")
    changed = load([spec], variables={})
    alerts = tuned_alerts(changed)
    down, stalled = (named(alerts, name) for name in ("ObsSourceDown", "NatsConsumerStalled"))
    assert silences(inhibitions(alerts, changed), firing(down), firing(stalled))


NOTIFY: dict[str, dict[str, Any]] = {
    "receivers": {
        name: {"webhook": {"url": f"http://{name}/"}} for name in ("chat", "oncall", "payments")
    },
    "routes": {
        "critical": {"to": ["oncall", "chat", "oncall"], "repeat": "1h"},
        "warning": {"to": ["chat"], "interval": "2m", "wait": "0s"},
        "labelled": [{"labels": {"team": "payments"}, "severity": ["warning"], "to": ["payments"]}],
    },
}


def test_an_alert_goes_to_each_receiver_of_the_first_route_that_fits() -> None:
    notify = Notify.model_validate(NOTIFY)

    def receivers(**labels: str) -> list[str]:
        return [leg.receiver for leg in reached(notify, labels)]

    assert receivers(severity="critical", team="payments") == ["oncall", "chat"]
    assert receivers(severity="warning") == ["chat"]
    assert receivers(severity="warning", team="payments") == ["payments"]
    assert receivers(severity="info") == [NO_RECEIVER]
    assert receivers(severity="info", alertname="ObsWatchdog") == [NO_RECEIVER]


def test_the_worse_the_sooner_and_the_more_often_unless_the_spec_says_otherwise() -> None:
    ways = {leg.matchers[-1][2]: leg for leg in legs(Notify.model_validate(NOTIFY))}
    critical, warning, info = (ways[severity] for severity in WORST_FIRST)
    assert (critical.wait, critical.interval, critical.repeat) == (15, 300, 3600)
    assert (warning.wait, warning.interval, warning.repeat) == (0, 120, 86_400)
    assert (info.wait, info.interval, info.repeat) == (300, 3600, 259_200)


def test_a_group_is_looked_at_no_less_often_than_it_is_repeated() -> None:
    routes = {**NOTIFY["routes"], "critical": {"to": ["chat"], "repeat": "2m"}}
    ways = legs(Notify.model_validate({**NOTIFY, "routes": routes}))
    assert [leg.interval for leg in ways if leg.matchers[-1][2] == "critical"] == [120]


def test_the_watchdog_goes_to_its_own_receiver_before_all_else() -> None:
    notify = Notify.model_validate({**NOTIFY, "watchdog": {"to": "oncall", "every": "10m"}})
    first = legs(notify)[0]
    assert first.receiver == "oncall"
    assert first.matchers == (("alertname", "=", "ObsWatchdog"),)
    assert first.interval < first.repeat == 600


def test_a_group_of_schedules_is_told_by_its_label_and_not_by_its_name() -> None:
    """`schedule group` is no label: Alertmanager refuses a matcher on it."""
    spec = {
        "version": 1,
        "system": "oms",
        "sources": {
            "aws": {"cloud": {"region": "us-east-1", "put_events": True, "schedule_groups": ["x"]}}
        },
    }
    system = System.model_validate(spec)
    alerts = tuned_alerts(system)
    rules = inhibitions(alerts, system)
    names = {label for rule in rules for label, _, _ in (*rule.source, *rule.target)}
    assert all(name.isidentifier() for name in names)
    dropped, errors = (
        firing(named(alerts, name))
        for name in ("SchedulerInvocationsDropped", "SchedulerTargetErrors")
    )
    assert silences(rules, dropped, errors)
    assert not silences(rules, dropped, {**errors, "schedule_group": "other"})


def test_kinds_of_objects_of_one_name_are_told_apart() -> None:
    """A stream and its origin; the thresholds that streams and consumers have of their own."""
    tuned = {"NatsStreamReplicaLagging": {"severity": "critical"}}
    spec = {
        "version": 1,
        "system": "oms",
        "sources": {"nats": {"main": {"monitor": ["http://n:8222"]}}},
        "alerts": tuned,
    }
    system = System.model_validate(spec)
    alerts = tuned_alerts(system)
    rules = inhibitions(alerts, system)

    def fires(name: str) -> dict[str, str]:
        return firing(named(alerts, name))

    lagging = fires("NatsStreamReplicaLagging")
    assert silences(rules, lagging, fires("NatsStreamBytesNearLimit"))
    assert not silences(rules, lagging, fires("NatsStreamOriginLagHigh"))
    assert not silences(rules, lagging, fires("NatsConsumerLagHigh"))
    own = fires("NatsStreamBeyondOwnThreshold")
    assert silences(rules, own, fires("NatsStreamBeyondOwnWarning"))


@pytest.mark.parametrize(
    ("cause", "symptom", "other"),
    [
        ("NatsServerDown", "NatsRouteLost", {"nats": "another"}),
        ("NatsServerDown", "NatsServerUnhealthy", {"server": "another"}),
        ("NatsMetaLeaderMissing", "NatsServerUnhealthy", {"nats": "another"}),
        ("NatsServiceDown", "NatsServiceErrors", {"nats_service": "another"}),
        ("EventBridgeFailedInvocations", "EventBridgeErrorRateHigh", {"rule": "another"}),
    ],
)
def test_a_cause_silences_its_symptoms_in_the_same_place_only(
    cause: str, symptom: str, other: dict[str, str]
) -> None:
    spec: dict[str, Any] = {
        "version": 1,
        "system": "oms",
        "sources": {
            "nats": {
                "main": {
                    "monitor": ["http://n:8222"],
                    "collect": ["servers", "routes", "services"],
                    "connection": {"servers": ["nats://n:4222"]},
                }
            },
            "aws": {"cloud": {"region": "us-east-1", "buses": [{"name": "oms-events"}]}},
        },
    }
    system = System.model_validate(spec)
    alerts = {tuned.name: tuned for tuned in alarmed(system)}
    rules = inhibitions(tuple(alerts.values()), system)
    one, two = firing(alerts[cause]), firing(alerts[symptom])
    assert silences(rules, one, two)
    assert not silences(rules, two, one)
    assert not silences(rules, one, {**two, **other})


def test_every_cause_is_an_alert_that_has_the_labels_and_none_is_its_own_symptom() -> None:
    for rule in CAUSES:
        for name in (*rule.source, *rule.target):
            assert set(rule.equal) <= set(BY_NAME[name].about.labels), name
        assert not set(rule.source) & set(rule.target)
        assert not set(rule.target) & set(NEVER_INHIBITED)


def with_inhibit(*rules: dict[str, list[str]], **notify: Any) -> System:
    spec = {
        "version": 1,
        "system": "oms",
        "sources": {"nats": {"main": {"monitor": ["http://n:8222"]}}},
        "notify": {**NOTIFY, "inhibit": list(rules), **notify},
    }
    return System.model_validate(spec)


def test_the_spec_has_causes_of_its_own_and_a_warning_still_silences_no_page() -> None:
    rule = {
        "source": ["NatsConsumerAckPendingFull"],
        "target": ["NatsConsumerLagHigh", "NatsConsumerStalled"],
        "equal": ["nats", "account", "stream", "consumer"],
    }
    system = with_inhibit(rule)
    assert list(inhibit_problems(system)) == []
    alerts = tuned_alerts(system)
    rules = inhibitions(alerts, system)
    full, lag, stalled = (
        firing(named(alerts, name)) for name in (*rule["source"], *rule["target"])
    )
    assert silences(rules, full, lag)
    assert not silences(rules, full, {**lag, "consumer": "another"})
    assert not silences(rules, full, stalled)


@pytest.mark.parametrize(
    ("rules", "field", "words"),
    [
        (
            [("NatsServerDwn", "NatsRouteLost", "nats")],
            ("source", 0),
            "did you mean NatsServerDown?",
        ),
        (
            [("NatsServerDown", "NatsRoutLost", "nats")],
            ("target", 0),
            "did you mean NatsRouteLost?",
        ),
        ([("NatsServerDown", "NatsRouteLost", "nts")], ("equal", 0), "did you mean nats?"),
        ([("NatsServerDown", "ObsSourceDown", "nats")], ("target", 0), "nothing may inhibit it"),
        ([("ObsWatchdog", "NatsRouteLost", "nats")], ("source", 0), "for ever"),
        ([("NatsRouteLost", "NatsRouteLost", "nats")], ("target", 0), "itself"),
        ([("NatsRouteLost", "NatsServerDown", "nats")], ("target", 0), "neither would be notified"),
        (
            [
                ("NatsConsumerSlow", "NatsConsumerLagHigh", "nats"),
                ("NatsConsumerLagHigh", "NatsConsumerNoPuller", "nats"),
                ("NatsConsumerNoPuller", "NatsConsumerSlow", "nats"),
            ],
            ("target", 0),
            "NatsConsumerSlow inhibits NatsConsumerNoPuller already",
        ),
    ],
)
def test_what_is_wrong_with_an_inhibition_rule_of_the_spec_is_a_sentence(
    rules: list[tuple[str, str, str]], field: tuple[str, int], words: str
) -> None:
    written = [
        {"source": [source], "target": [target], "equal": [equal]}
        for source, target, equal in rules
    ]
    ((path, message),) = inhibit_problems(with_inhibit(*written))
    assert path == ("notify", "inhibit", len(rules) - 1, *field)
    assert words in message


def test_a_route_groups_its_alerts_as_it_says_and_the_others_as_notify_does() -> None:
    routes = {**NOTIFY["routes"], "critical": {"to": ["chat"], "group_by": ["alertname", "nats"]}}
    system = with_inhibit(routes=routes, group_by=["alertname"])
    assert system.notify is not None
    document = configuration(tuned_alerts(system), system, system.notify)
    assert document["route"]["group_by"] == ["alertname"]
    (ours,) = document["route"]["routes"]
    groups = {route["matchers"][-1]: route.get("group_by") for route in ours["routes"]}
    assert groups['severity="critical"'] == ["alertname", "nats"]
    assert groups['severity="warning"'] is None
