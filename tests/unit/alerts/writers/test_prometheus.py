"""Rule files for Prometheus."""

from collections.abc import Callable

import pytest

from obs.alerts.definitions import GROUPS
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import GROUP_SIZE, problems, rule_files
from obs.ids import panel_id
from obs.spec.load import Spec
from tests.unit.alerts.conftest import SPEC
from tests.unit.alerts.test_tuning import ON_REQUEST

Read = Callable[..., Spec]


def expressions(spec: Spec, name: str) -> list[str]:
    return [tuned.expression for tuned in tuned_alerts(spec.system) if tuned.name == name]


def now(text: str) -> str:
    """An expression without what holds the last known value."""
    return text.partition("\nor (\n")[0]


def test_a_gauge_is_compared_once_for_each_object(spec: Read) -> None:
    (text,) = expressions(spec(), "NatsConsumerLagHigh")
    assert now(text) == (
        "max by (nats, account, stream, consumer) "
        '(nats_consumer_lag_messages{environment="production",system="shop"}) > 1000'
    )


def test_an_object_with_a_rule_of_its_own_is_taken_out_of_the_general_one(spec: Read) -> None:
    text = "alerts: {NatsConsumerLagHigh: {overrides: [{stream: S, consumer: c, above: 3}]}}\n"
    general, own = expressions(spec(text), "NatsConsumerLagHigh")
    of_object = (
        "max by (nats, account, stream, consumer) "
        '(nats_consumer_lag_messages{stream="S",consumer="c",'
        'environment="production",system="shop"})'
    )
    assert now(general).endswith(f" unless {of_object}) > 1000")
    assert now(own) == f"{of_object} > 3"


def test_a_single_period_of_slos_needs_no_join(spec: Read) -> None:
    assert "slo_info" not in "".join(expressions(spec(), "SloBudgetBurnsFast"))


def test_several_periods_are_told_apart_by_the_info_series(spec: Read) -> None:
    sli = "{eventbridge: {source: cloud, bus: b}}"
    week = f"  - {{name: w, service: s, objective: 99, window: 7d, sli: {sli}}}\n"
    for text in expressions(spec(week), "SloBudgetBurnsFast"):
        assert 'slo_info{slo_window="' in now(text)


def test_only_slos_of_the_spec_can_be_without_data(spec: Read) -> None:
    (text,) = expressions(spec(), "SloNoData")
    assert '{slo=~"on-time",environment="production",system="shop"}' in text


def test_labels_are_said_with_each_rule_or_once_a_group(spec: Read) -> None:
    system = spec().system
    shared = {"environment": "production", "managed_by": "obs", "system": "shop"}
    plain = rule_files(tuned_alerts(system), system)["nats"]["groups"][0]
    grouped = rule_files(tuned_alerts(system), system, group_labels=True)["nats"]["groups"][0]
    assert plain["rules"][0]["labels"] == {"severity": "warning", **shared}
    assert "labels" not in plain
    assert grouped["labels"] == shared
    assert grouped["rules"][0]["labels"] == {"severity": "warning"}


def test_no_two_rules_have_the_same_name_and_labels(spec: Read) -> None:
    weekly = "  - {name: weekly, service: shop, objective: 99, window: 7d, sli: *sli}\n"
    slos = SPEC.replace("sli: {", "sli: &sli {") + weekly
    tuning = """\
alerts:
  NatsConsumerLagHigh: {overrides: [{stream: A}, {consumer: a}, {stream: A, consumer: a}]}
  SloBudgetBurnsFast: {overrides: [{slo: weekly, min_events: 9}]}
"""
    system = spec(tuning, instead=slos).system
    rules = [
        (rule["alert"], *sorted(rule["labels"].items()))
        for document in rule_files(tuned_alerts(system), system).values()
        for group in document["groups"]
        for rule in group["rules"]
    ]
    assert len(rules) == len(set(rules))
    assert sum(name == "SloBudgetBurnsFast" for name, *_ in rules) == 8


def test_links_lead_to_runbook_and_panel(spec: Read) -> None:
    links = "links: {runbooks: 'https://wiki.example.com/rb', grafana: 'https://g.example.com'}\n"
    system = spec(links).system
    rule = rule_files(tuned_alerts(system), system)["nats"]["groups"][0]["rules"][0]
    assert rule["annotations"]["runbook_url"] == (
        "https://wiki.example.com/rb/NatsConsumerLagHigh.md"
    )
    assert rule["annotations"]["dashboard_url"] == (
        f"https://g.example.com/d/obs-shop-consumer?viewPanel={panel_id('consumer/lag')}"
        "&var-nats={{ $labels.nats | urlquery }}&var-account={{ $labels.account | urlquery }}"
        "&var-stream={{ $labels.stream | urlquery }}&var-consumer={{ $labels.consumer | urlquery }}"
    )


def test_no_group_is_larger_than_what_is_evaluated_in_time(spec: Read) -> None:
    objects = ", ".join(f"{{stream: S{n}, above: {n}}}" for n in range(50))
    system = spec(f"alerts: {{NatsConsumerLagHigh: {{overrides: [{objects}]}}}}\n").system
    groups = rule_files(tuned_alerts(system), system)["nats"]["groups"]
    assert max(len(group["rules"]) for group in groups) == GROUP_SIZE
    usual = [alert for alert in GROUPS["nats"] if alert.name not in ON_REQUEST]
    assert sum(len(group["rules"]) for group in groups) == len(usual) + 50
    assert list(problems([("nats", {"groups": groups})])) == []


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([{"name": "a", "rules": []}, {"name": "a", "rules": []}], "two groups a"),
        ([{"name": "a", "rules": [{"alert": "A", "expr": "up"}] * 2}], "same rule twice: A"),
        ([{"name": "a", "rules": [{"alert": "A", "expr": "max((up)"}]}], "unbalanced"),
    ],
)
def test_a_file_that_is_not_sound_is_told(groups: list[dict[str, object]], words: str) -> None:
    (found,) = problems([("file", {"groups": groups})])
    assert words in found
