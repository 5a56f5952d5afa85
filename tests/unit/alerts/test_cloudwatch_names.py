"""Names and ids of CloudWatch: distinct, within the limits of AWS, each alarm in each format."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch.alarm import alarm_name, problems, tag_value
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.alerts.writers.cloudwatch.cloudformation import logical_id
from obs.alerts.writers.cloudwatch.terraform import resource_id
from obs.iam.operators import apply
from obs.iam.policy_options import PolicyOptions
from obs.ids import cloudwatch_dashboard, cloudwatch_dashboard_prefix, fitted, sns_topic
from obs.spec.load import load
from obs.spec.system import System
from tests.unit.alerts.cloudwatch_systems import built, oms, orders

ALIKE = ("order-created", "order_created", "order.created", "orderCreated", "ordercreated")
names = st.from_regex(r"[a-z][A-Za-z0-9._-]{0,12}", fullmatch=True)


def system(folder: Path, buses: str, more: str = "", name: str = "shop") -> System:
    path = folder / "shop.yaml"
    path.write_text(
        f"version: 1\nsystem: {name}\nsources:\n"
        f"  aws: {{cloud: {{region: eu-west-1, buses: {buses}}}}}\n"
        f"  nats: {{main: {{monitor: ['http://nats:8222']}}}}\n"
        "outputs: {cloudwatch: {source: cloud, namespace: shop}}\n" + more
    )
    return load([path], variables={})


def formats(system: System) -> tuple[list[str], list[str], int, list[str]]:
    """Alarms by name: of the plan and of CloudFormation; how many of Terraform; CloudFormation's
    ids in all its templates.
    """
    files = built(system)
    plan = json.loads(files["cloudwatch/cloud/plan.json"])
    templates = [
        json.loads(text)["Resources"]
        for path, text in files.items()
        if "/cloudformation" in path and "dashboard" not in path
    ]
    terraform = json.loads(files["cloudwatch/cloud/terraform.tf.json"])["resource"]
    planned = [each["AlarmName"] for kind in KINDS for each in plan[kind]]
    formed = [each["Properties"]["AlarmName"] for one in templates for each in one.values()]
    terraformed = sum(len(blocks) for kind, blocks in terraform.items() if "alarm" in kind)
    return planned, formed, terraformed, [key for one in templates for key in one]


KINDS = ("PutMetricAlarm", "PutCompositeAlarm")


def test_rules_that_differ_by_punctuation_or_case_keep_all_alarms_in_each_format(
    tmp_path: Path,
) -> None:
    rules = json.dumps([*ALIKE, *(f"r{number}" for number in range(8))])
    shop = system(tmp_path, f"[{{name: shop-events, rules: {rules}}}]")
    planned, formed, terraformed, ids = formats(shop)
    assert (
        len(planned) == len(set(planned)) == len(alarms_of(tuned_alerts(shop), shop, "cloud").all)
    )
    assert sorted(formed) == sorted(planned)
    assert terraformed == len(planned)
    assert len(set(ids)) == len(ids)


def test_ids_differ_across_the_parts_of_a_stack_too(tmp_path: Path) -> None:
    rules = json.dumps([f"{name}.{i}" for i in range(60) for name in ALIKE])
    planned, formed, terraformed, ids = formats(system(tmp_path, f"[{{name: b, rules: {rules}}}]"))
    assert len(formed) > 500
    assert len(set(ids)) == len(ids) == len(formed) == len(planned) == terraformed


@given(st.sets(names, min_size=2, max_size=30))
def test_different_names_have_different_ids(found: set[str]) -> None:
    assert len({logical_id(name) for name in found}) == len(found)
    assert len({resource_id(name) for name in found}) == len(found)
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,255}", logical_id(name)) for name in found)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", resource_id(name)) for name in found)


def test_an_id_that_says_its_name_has_no_digest() -> None:
    assert logical_id("oms-slo-budget-burns-fast-1h-long") == "OmsSloBudgetBurnsFast1hLong"
    assert resource_id("oms-lag-OMS_EVENTS-x") == "oms-lag-OMS_EVENTS-x"
    assert re.fullmatch("OmsLagOMSEVENTSX[0-9a-f]{8}", logical_id("oms-lag-OMS_EVENTS-x"))


def test_streams_and_consumers_whose_names_join_to_the_same_have_an_alarm_each(
    tmp_path: Path,
) -> None:
    overrides = "[{stream: A, consumer: B-C}, {stream: A-B, consumer: C}, {stream: X, consumer: Y}]"
    more = f"alerts: {{NatsConsumerLagHigh: {{overrides: {overrides}}}}}\n"
    shop = system(tmp_path, "[{name: b, rules: [r]}]", more)
    alarms = alarms_of(tuned_alerts(shop), shop, "cloud").all
    assert list(problems(alarms)) == []
    lag = [each.name for each in alarms if "lag-high" in each.name]
    assert "shop-nats-consumer-lag-high-X-Y" in lag
    assert [bool(re.search("A-B-C-[0-9a-f]{8}$", name)) for name in lag].count(True) == 2
    assert len(set(lag)) == 3


def test_the_longest_names_of_aws_stop_nothing(tmp_path: Path) -> None:
    bus, rule, consumer = "b" * 256, "r" * 64, "c" * 255
    rules = json.dumps([f"{rule[:-2]}{number:02}" for number in range(12)])
    buses = f"[{{name: {bus}, rules: {rules}}}, {{name: {bus[:-1]}x, rules: {rules}}}]"
    more = (
        f"alerts: {{NatsConsumerLagHigh: {{overrides: [{{stream: S, consumer: {consumer}}}]}}}}\n"
    )
    shop = system(tmp_path, buses, more)
    alarms = alarms_of(tuned_alerts(shop), shop, "cloud").all
    assert list(problems(alarms)) == []
    planned, formed, terraformed, _ = formats(shop)
    assert sorted(planned) == sorted(formed)
    assert terraformed == len(planned)
    assert any(consumer[:200] in name for name in planned)


@pytest.mark.parametrize(
    ("fit", "longest", "stays", "changes"),
    [
        (alarm_name, 255, "a.b-C_d: e", 'a"{b}\\é'),
        (tag_value, 256, "a b+-=._:/@", "R&D"),
        (cloudwatch_dashboard, 240, "shop-eu_1", "shop.eu"),
    ],
)
def test_a_name_is_made_fit_at_the_limit_and_not_before(
    fit: Any, longest: int, stays: str, changes: str
) -> None:
    assert fit(stays) == stays
    assert fit("x" * longest) == "x" * longest
    assert len(fit("x" * (longest + 1))) == longest
    assert fit("x" * (longest + 1)) != fit("x" * (longest + 2))
    assert re.fullmatch(r"[\w-]+-[0-9a-f]{8}", fit(changes), re.ASCII)
    assert fit(fit(changes)) == fit(changes)


def test_bytes_count_where_a_target_counts_bytes() -> None:
    assert len(fitted("é" * 96, 190).encode()) <= 190
    assert fitted("é" * 95, 190) == "é" * 95


def test_a_dashboard_of_a_system_with_a_dot_has_a_name_that_aws_takes_and_the_role_may_write(
    tmp_path: Path,
) -> None:
    shop = system(tmp_path, "[{name: b, rules: [r]}]", name="my.shop")
    (path,) = (path for path in built(shop) if "/dashboard-" in path)
    name = Path(path).stem.removeprefix("dashboard-")
    assert re.fullmatch(r"my_shop-[0-9a-f]{8}", name)
    assert name.startswith(cloudwatch_dashboard_prefix("my.shop"))
    policy = apply(shop, dict(shop.sources.aws), PolicyOptions())
    boards = next(each for each in policy.statements if each.sid == "Dashboards").resources
    assert boards == ("arn:aws:cloudwatch::*:dashboard/my_shop*",)


def test_a_label_of_any_text_becomes_a_tag(tmp_path: Path) -> None:
    more = "alerts: {EventBridgeFailedInvocations: {labels: {team: 'R&D'}}}\n"
    plan = json.loads(built(orders(tmp_path, more))["cloudwatch/cloud/plan.json"])
    tags = [
        each["Value"] for x in plan["PutMetricAlarm"] for each in x["Tags"] if each["Key"] == "team"
    ]
    assert tags
    assert all(re.fullmatch("R_D-[0-9a-f]{8}", tag) for tag in tags)


def test_isolated_regions_have_their_own_partition(tmp_path: Path) -> None:
    path = tmp_path / "iso.yaml"
    path.write_text(
        "version: 1\nsystem: shop\nsources:\n"
        "  aws: {cloud: {region: us-isob-east-1, buses: [{name: b, rules: [r]}]}}\n"
    )
    plan = json.loads(built(load([path], variables={}))["cloudwatch/cloud/plan.json"])
    topics = {topic for each in plan["PutMetricAlarm"] for topic in each["AlarmActions"]}
    assert topics == {"arn:aws-iso-b:sns:us-isob-east-1:${AccountId}:shop-alerts"}


def test_names_of_the_reference_stay_as_they_were() -> None:
    resources = json.loads(built(oms())["cloudwatch/cloud/cloudformation.json"])["Resources"]
    changed = [
        (key, each["Properties"]["AlarmName"])
        for key, each in resources.items()
        if re.search("[0-9a-f]{8}$", key)
    ]
    assert [name for _, name in changed] == ["oms-nats-consumer-lag-high-OMS_EVENTS-oms-processor"]


def test_the_topic_of_a_system_with_a_dot_has_a_name_that_aws_takes() -> None:
    assert sns_topic("shop") == "shop-alerts"
    assert re.fullmatch("my_shop-alerts-[0-9a-f]{8}", sns_topic("my.shop"))
