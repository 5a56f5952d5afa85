"""Which alarms a spec makes, in what words, and which limits they keep."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch import files as cloudwatch_files
from obs.alerts.writers.cloudwatch import terraform
from obs.alerts.writers.cloudwatch.alarm import (
    Alarm,
    AlarmSeries,
    CompositeAlarm,
    Formula,
    MetricAlarm,
    problems,
)
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.alerts.writers.cloudwatch.files import files, remarks
from obs.errors import BadInput
from obs.ids import panel_id
from obs.spec.load import load
from obs.spec.system import System
from tests.unit.alerts.cloudwatch_systems import VARIABLES, built, oms, orders, plan

TOPIC = "arn:aws:sns:us-east-1:123456789012:oms-alerts"
SERIES = AlarmSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "r"),))
ALARM = MetricAlarm("a", "", SERIES, "GreaterThanThreshold", 1, 300, 1, "notBreaching")


def alarm(name: str, system: System | None = None) -> dict[str, Any]:
    made = plan(system or oms())
    every = [*made["PutMetricAlarm"], *made["PutCompositeAlarm"]]
    found: dict[str, Any] = next(each for each in every if each["AlarmName"] == name)
    return found


def alerts_refused(system: System) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in plan(system)["refused"]:
        found.setdefault(each["alert"], []).append(each["reason"])
    return found


def test_failed_invocations_are_the_alarm_that_the_owners_of_the_oms_ask_for() -> None:
    made = alarm("oms-eventbridge-failed-invocations")
    metrics = [q["MetricStat"] for q in made["Metrics"] if "MetricStat" in q]
    assert [one["Metric"]["Namespace"] for one in metrics] == ["AWS/Events"] * 2
    assert [one["Metric"]["MetricName"] for one in metrics] == ["FailedInvocations"] * 2
    assert [(one["Stat"], one["Period"]) for one in metrics] == [("Sum", 300)] * 2
    assert made["EvaluationPeriods"] == made["DatapointsToAlarm"] == 1
    assert (made["ComparisonOperator"], made["Threshold"]) == ("GreaterThanThreshold", 5)
    assert made["AlarmActions"] == made["OKActions"] == [TOPIC]
    assert made["TreatMissingData"] == "notBreaching"


def test_of_a_bus_with_one_rule_the_alarm_is_on_its_metric_itself(tmp_path: Path) -> None:
    made = alarm("orders-eventbridge-failed-invocations", orders(tmp_path))
    assert "Metrics" not in made
    assert (made["Namespace"], made["MetricName"]) == ("AWS/Events", "FailedInvocations")
    assert (made["Statistic"], made["Period"], made["EvaluationPeriods"]) == ("Sum", 300, 1)
    assert made["Dimensions"] == [
        {"Name": "EventBusName", "Value": "orders"},
        {"Name": "RuleName", "Value": "rule-000"},
    ]


def test_consumer_lag_is_read_as_the_collector_publishes_it() -> None:
    made = alarm("oms-nats-consumer-lag-high-OMS_EVENTS-oms-processor")
    assert (made["Namespace"], made["MetricName"]) == ("OMS/Events", "ConsumerLag")
    assert (made["Statistic"], made["Unit"], made["Threshold"]) == ("Maximum", "Count", 1000)
    assert made["Dimensions"] == [
        {"Name": "Stream", "Value": "OMS_EVENTS"},
        {"Name": "Consumer", "Value": "oms-processor"},
    ]


def test_a_threshold_of_the_spec_is_the_threshold_of_the_alarm(tmp_path: Path) -> None:
    more = "alerts: {EventBridgeFailedInvocations: {above: 7, window: 10m, severity: warning}}\n"
    made = alarm("orders-eventbridge-failed-invocations", orders(tmp_path, more))
    assert (made["Threshold"], made["Period"]) == (7, 600)
    assert {"Key": "severity", "Value": "warning"} in made["Tags"]


def test_a_disabled_alert_is_no_alarm(tmp_path: Path) -> None:
    more = "alerts: {EventBridgeFailedInvocations: {enabled: false}}\n"
    names = [a["AlarmName"] for a in plan(orders(tmp_path, more))["PutMetricAlarm"]]
    assert [name for name in names if "failed" in name] == []


def test_missing_data_breaches_for_heartbeats_keeps_the_state_of_others_or_is_fine() -> None:
    unusual = {
        each["AlarmName"]: each["TreatMissingData"]
        for each in plan(oms())["PutMetricAlarm"]
        if each["TreatMissingData"] != "notBreaching"
    }
    assert unusual == {
        "oms-eventbridge-invocations-low": "breaching",
        "oms-obs-collector-absent": "breaching",
        "oms-nats-consumer-lag-high-OMS_EVENTS-oms-processor": "ignore",
        "oms-slo-budget-burns-fast-oms-event-delivery-1h-short": "ignore",
        "oms-slo-budget-burns-fast-oms-event-delivery-6h-short": "ignore",
        "oms-slo-budget-burns-slowly-oms-event-delivery-1d-short": "ignore",
    }


def test_windows_that_burn_tell_nobody_and_their_composite_does() -> None:
    tier = "oms-slo-budget-burns-fast-oms-event-delivery-1h"
    both = alarm(tier)
    assert both["AlarmRule"] == f'ALARM("{tier}-long") AND ALARM("{tier}-short")'
    assert both["AlarmActions"] == [TOPIC]
    long, short = alarm(f"{tier}-long"), alarm(f"{tier}-short")
    assert long["AlarmActions"] == short["AlarmActions"] == []
    assert long["Threshold"] == short["Threshold"] == 1.44


def test_what_cloudwatch_cannot_express_is_refused_with_the_reason() -> None:
    refused = alerts_refused(oms())
    assert any("3d and 6h" in reason for reason in refused["SloBudgetBurnsSlowly"])
    assert "does not publish" in refused["SloBudgetExhausted"][0]
    assert "does not publish" in refused["NatsServerDown"][0]
    told = remarks(tuned_alerts(oms()), oms(), built(oms()))
    assert any("3d and 6h" in sentence for sentence in told.left_out)


def test_every_alert_is_an_alarm_or_refused() -> None:
    made = plan(oms())
    tags = [a["Tags"] for a in (*made["PutMetricAlarm"], *made["PutCompositeAlarm"])]
    alarms = {tag["Value"] for some in tags for tag in some if tag["Key"] == "alert"}
    assert alarms | set(alerts_refused(oms())) == {tuned.name for tuned in tuned_alerts(oms())}


def test_rules_written_as_globs_are_refused_because_alarms_need_names(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(
        "version: 1\nsystem: s\nsources: {aws: {cloud: {region: eu-west-1, "
        "buses: [{name: b, rules: [one, two-*]}]}}}\n"
    )
    system = load([path], env=None, variables={})
    assert "b/two-*" in alerts_refused(system)[""][0]
    assert "s-eventbridge-failed-invocations" in {
        each["AlarmName"] for each in plan(system)["PutMetricAlarm"]
    }


SLO = """\
slos:
  - name: delivery
    service: orders
    objective: 99
    sli: {eventbridge: {source: cloud, bus: orders}}
"""


@pytest.mark.parametrize(("rules", "alarms"), [(1, 3), (2, 3), (3, 0)])
def test_burn_rates_of_more_rules_than_metric_math_reads_are_refused(
    tmp_path: Path, rules: int, alarms: int
) -> None:
    system = orders(tmp_path, SLO, rules=rules)
    made = plan(system)["PutCompositeAlarm"]
    assert len([each for each in made if "burns" in each["AlarmName"]]) == alarms
    refused = alerts_refused(system).get("SloBudgetBurnsFast", [])
    assert bool(refused) == (alarms == 0)


def test_environments_that_share_an_account_have_alarms_of_their_own() -> None:
    names = {each["AlarmName"] for each in plan(oms("staging"))["PutMetricAlarm"]}
    assert "oms-staging-eventbridge-failed-invocations" in names
    assert not names & {each["AlarmName"] for each in plan(oms())["PutMetricAlarm"]}


def test_without_a_topic_in_the_spec_alarms_tell_one_named_after_the_system(tmp_path: Path) -> None:
    system = orders(tmp_path)
    made = alarm("orders-eventbridge-failed-invocations", system)
    assert made["AlarmActions"] == ["arn:aws:sns:eu-west-1:${AccountId}:orders-alerts"]
    template = json.loads(built(system)["cloudwatch/cloud/cloudformation.json"])
    assert template["Parameters"]["AlertTopicName"]["Default"] == "orders-alerts"


def routed(more: str = "") -> str:
    return f"""\
notify:
  receivers:
    calls: {{sns: {{topic_arn: "arn:aws:sns:eu-west-1:123456789012:calls"}}}}
    mails: {{sns: {{topic_arn: "arn:aws:sns:eu-west-1:123456789012:mails"}}}}
    far: {{sns: {{topic_arn: "arn:aws:sns:us-east-1:123456789012:far"}}}}
  routes: {{critical: {{to: [calls, far]}}, warning: {{to: [mails]}}}}
{more}"""


def test_alarms_tell_the_topics_of_their_route_that_are_in_their_region(tmp_path: Path) -> None:
    system = orders(tmp_path, routed())
    critical = alarm("orders-eventbridge-failed-invocations", system)
    warning = alarm("orders-eventbridge-retries-rising", system)
    assert critical["AlarmActions"] == ["arn:aws:sns:eu-west-1:123456789012:calls"]
    assert warning["OKActions"] == ["arn:aws:sns:eu-west-1:123456789012:mails"]


def test_what_the_spec_tells_nobody_of_tells_nobody_here_either(tmp_path: Path) -> None:
    more = routed("alerts: {EventBridgeRetriesRising: {severity: info}}\n")
    made = alarm("orders-eventbridge-retries-rising", orders(tmp_path, more))
    assert made["AlarmActions"] == made["OKActions"] == []


@pytest.mark.parametrize(
    ("alarm", "words"),
    [
        (replace(ALARM, name="a" * 256), "at most 255 characters"),
        (replace(ALARM, name="ä"), "printable ASCII"),
        (replace(ALARM, description="x" * 1025), "at most 1024"),
        (replace(ALARM, period=90), "whole minutes"),
        (replace(ALARM, period=300, periods=289), "look"),
        (replace(ALARM, period=3600, periods=169), "look"),
        (replace(ALARM, tags=tuple((f"t{i}", "") for i in range(51))), "50 tags"),
        (replace(ALARM, tags=(("aws:x", ""),)), "a key has"),
        (replace(ALARM, tags=(("x", "a*b"),)), "letters, digits"),
        (replace(ALARM, topics=tuple("abcdef")), "at most 5 topics"),
        (
            replace(ALARM, watched=Formula(tuple((f"m{i}", SERIES) for i in range(11)), (), "")),
            "at most 10 metrics",
        ),
        (CompositeAlarm("c", "", tuple(map(str, range(101))), "OR"), "at most 100 children"),
        (CompositeAlarm("c", "", ("x" * 10_240,), "OR"), "10240 characters"),
    ],
)
def test_a_limit_of_cloudwatch_that_is_exceeded_is_said(alarm: Alarm, words: str) -> None:
    (found,) = problems([alarm])
    assert words in found


@pytest.mark.parametrize(
    "alarm",
    [
        replace(ALARM, name="a" * 255, description="x" * 1024, topics=tuple("abcde")),
        replace(ALARM, period=300, periods=288, tags=tuple((f"t{i}", "") for i in range(50))),
        replace(ALARM, period=86_400, periods=7),
        replace(ALARM, watched=Formula(tuple((f"m{i}", SERIES) for i in range(10)), (), "")),
        CompositeAlarm("c", "", tuple(map(str, range(100))), "OR"),
    ],
)
def test_what_is_just_within_the_limits_is_no_problem(alarm: Alarm) -> None:
    assert list(problems([alarm])) == []


def test_two_alarms_of_one_name_are_a_problem() -> None:
    assert "two alarms have this name" in next(problems([ALARM, ALARM]))


def test_a_window_that_is_no_whole_minute_is_refused_before_anything_is_built(
    tmp_path: Path,
) -> None:
    more = "alerts: {EventBridgeFailedInvocations: {window: 90s}}\n"
    with pytest.raises(BadInput, match="orders-eventbridge-failed-invocations: a window"):
        built(orders(tmp_path, more))


@pytest.mark.parametrize("rules", [11, 250, 490])
def test_alarms_of_many_rules_keep_every_limit_and_refer_to_what_is_there(
    tmp_path: Path, rules: int
) -> None:
    system = orders(tmp_path, rules=rules)
    alarms = alarms_of(tuned_alerts(system), system, "cloud").all
    assert list(problems(alarms)) == []
    seen: set[str] = set()
    for each in alarms:
        if isinstance(each, CompositeAlarm):
            assert set(each.children) <= seen
        seen.add(each.name)


def test_templates_are_split_at_500_resources_and_depend_on_nothing_outside(tmp_path: Path) -> None:
    texts = built(orders(tmp_path, rules=250))
    templates = [json.loads(text) for path, text in texts.items() if "cloudformation" in path]
    assert len(templates) > 1
    names: list[str] = []
    for template in templates:
        resources = template["Resources"]
        assert len(resources) <= 500
        for resource in resources.values():
            assert set(resource.get("DependsOn", [])) <= resources.keys()
        names += resources
    assert len(names) == len(set(names))


def test_templates_of_a_system_like_the_reference_fit_into_a_request() -> None:
    sizes = [len(text.encode()) for path, text in built(oms()).items() if "cloudformation" in path]
    assert len(sizes) == 2
    assert max(sizes) <= 51_200
    assert remarks(tuned_alerts(oms()), oms(), built(oms())).advice == []


def test_what_a_request_cannot_hold_is_told_with_the_way_to_hand_it_over(tmp_path: Path) -> None:
    system = orders(tmp_path, rules=250)
    (told,) = remarks(tuned_alerts(system), system, built(system)).advice
    assert told.startswith("cloudwatch/cloud/cloudformation.json and ")
    assert "--s3-bucket" in told


def test_more_alarms_than_an_account_has_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloudwatch_files, "MOST_ALARMS", 8)
    system = orders(tmp_path)
    (told,) = remarks(tuned_alerts(system), system, built(system)).advice
    assert told.startswith("cloudwatch/cloud/ has 9 alarms; an account has 8")


def test_a_change_of_one_alarm_is_a_change_of_one_line_in_each_file(tmp_path: Path) -> None:
    before = built(orders(tmp_path))
    after = built(orders(tmp_path, "alerts: {EventBridgeRetriesRising: {above: 21}}\n"))
    for path in ("cloudformation.json", "plan.json"):
        lines, others = (
            texts[f"cloudwatch/cloud/{path}"].splitlines() for texts in (before, after)
        )
        changed = [one for one, other in zip(lines, others, strict=True) if one != other]
        assert len(changed) == 1


def test_a_group_too_large_for_one_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="do not fit in one template"):
        built(orders(tmp_path, rules=600))


def test_a_description_links_to_the_panel_of_what_the_alarm_is_about(tmp_path: Path) -> None:
    more = "links: {grafana: 'https://g.example.com'}\n"
    name = "orders-eventbridge-failed-invocations"
    page = "Dashboard: https://g.example.com/d/obs-orders-eventbridge?viewPanel="
    panel = panel_id("eventbridge/failed")
    of_bus = f"{page}{panel}&var-aws=cloud&var-bus=orders"
    several = alarm(name, orders(tmp_path, more, rules=2))
    assert several["AlarmDescription"].endswith(of_bus)
    single = alarm(name, orders(tmp_path, more))
    assert single["AlarmDescription"].endswith(f"{of_bus}&var-rule=rule-000")


def test_a_link_that_makes_a_description_too_long_is_left_out(tmp_path: Path) -> None:
    more = f"links: {{grafana: 'https://g.example.com/{'x' * 900}'}}\n"
    made = alarm("orders-eventbridge-failed-invocations", orders(tmp_path, more))
    assert "Dashboard" not in made["AlarmDescription"]


def test_terraform_says_the_same_as_the_plan() -> None:
    made = plan(oms())
    configuration = json.loads(built(oms())["cloudwatch/cloud/terraform.tf.json"])
    resources = configuration["resource"]
    metric = {a["AlarmName"]: a for a in made["PutMetricAlarm"]}
    found = {a["alarm_name"]: a for a in resources["aws_cloudwatch_metric_alarm"].values()}
    assert found.keys() == metric.keys()
    for name, one in found.items():
        other = metric[name]
        assert one["threshold"] == other["Threshold"]
        assert one["evaluation_periods"] == other["EvaluationPeriods"]
        assert one["comparison_operator"] == other["ComparisonOperator"]
        assert one["treat_missing_data"] == other["TreatMissingData"]
        assert one.get("alarm_actions", []) == ["${var.alert_topic_arn}"] * len(
            other["AlarmActions"]
        )
        if "metric_query" in one:
            expressions = [q.get("expression") for q in one["metric_query"]]
            assert expressions == [q.get("Expression") for q in other["Metrics"]]
        else:
            assert (one["period"], one["statistic"]) == (other["Period"], other["Statistic"])
            assert one["dimensions"] == {d["Name"]: d["Value"] for d in other["Dimensions"]}
    rules = {a["AlarmName"]: a["AlarmRule"] for a in made["PutCompositeAlarm"]}
    composites = resources["aws_cloudwatch_composite_alarm"].values()
    assert {a["alarm_name"]: a["alarm_rule"] for a in composites} == rules
    for each in composites:
        for dependency in each["depends_on"]:
            kind, name = dependency.split(".")
            assert name in resources[kind]


def test_terraform_finds_no_template_in_a_text() -> None:
    assert terraform.literal("${a} %{b} 10 %") == "$${a} %%{b} 10 %"


def test_cloudformation_says_the_same_as_the_plan() -> None:
    made = plan(oms())
    template = json.loads(built(oms())["cloudwatch/cloud/cloudformation.json"])
    assert template["Parameters"]["AlertTopicArn"]["Default"] == TOPIC
    planned = {a["AlarmName"]: a for a in (*made["PutMetricAlarm"], *made["PutCompositeAlarm"])}
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if "AlarmName" not in properties:
            continue
        call = planned.pop(properties["AlarmName"])
        for field in ("AlarmActions", "OKActions"):
            used = properties.pop(field, [])
            assert used == [{"Ref": "AlertTopicArn"}] * len(call.pop(field))
        assert properties == call
    assert planned == {}


def test_the_dashboard_draws_the_threshold_of_every_alarm_on_a_metric() -> None:
    body = json.loads(built(oms())["cloudwatch/cloud/dashboard-oms.json"])
    drawn = {
        graph["title"]: graph["annotations"]["horizontal"][0]["value"]
        for graph in (widget["properties"] for widget in body["widgets"])
        if "annotations" in graph
    }
    assert drawn == {a["AlarmName"]: a["Threshold"] for a in plan(oms())["PutMetricAlarm"]}


def test_no_graph_of_a_dashboard_lies_on_another() -> None:
    body = json.loads(built(oms())["cloudwatch/cloud/dashboard-oms.json"])
    places = [(w["x"], w["y"]) for w in body["widgets"]]
    assert len(places) == len(set(places))
    assert [w for w in body["widgets"] if w["x"] + w["width"] > 24] == []


def test_the_same_spec_builds_the_same_bytes() -> None:
    assert files(tuned_alerts(oms()), oms()) == files(tuned_alerts(oms()), oms())


def test_a_system_without_aws_has_no_files(tmp_path: Path) -> None:
    path = tmp_path / "nats.yaml"
    path.write_text(
        "version: 1\nsystem: n\nsources: {nats: {main: {monitor: ['http://nats:8222']}}}\n"
    )
    assert built(load([path], env=None, variables=VARIABLES)) == {}
