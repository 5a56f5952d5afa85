"""The alarms on PutEvents, functions and topics: which are built, and when they fire."""

from pathlib import Path

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.spec.load import load
from obs.spec.system import System
from tests.unit.alerts.alarm_evaluator import CloudWatch
from tests.unit.alerts.cloudwatch_systems import plan

WATCHED = "put_events: true, functions: [paid, sent-*], topics: [changes]"
PAID = {"FunctionName": "paid"}


def shop(folder: Path, fields: str = WATCHED, more: str = "") -> System:
    path = folder / "shop.yaml"
    source = f"{{region: eu-west-1, buses: [{{name: b, rules: [r]}}], {fields}}}"
    path.write_text(f"version: 1\nsystem: shop\nsources: {{aws: {{cloud: {source}}}}}\n{more}")
    return load([path], variables={})


def firing(aws: CloudWatch, minute: int) -> set[str]:
    aws.evaluate(minute)
    return {name for name in aws.firing() if "invocations-low" not in name}


def test_there_is_an_alarm_for_each_alert_and_each_object_that_is_named(tmp_path: Path) -> None:
    names = {alarm["AlarmName"] for alarm in plan(shop(tmp_path))["PutMetricAlarm"]}
    assert {name for name in names if "eventbridge-" not in name and "sqs-" not in name} == {
        "shop-lambda-error-rate-high-paid",
        "shop-lambda-throttled-paid",
        "shop-lambda-async-events-old-paid",
        "shop-lambda-async-events-dropped-paid",
        "shop-lambda-dead-letter-failing-paid",
        "shop-lambda-destination-failing-paid",
        "shop-sns-notifications-failing-changes",
        "shop-sns-dead-letter-failing-changes",
    }
    assert names >= {
        "shop-eventbridge-put-events-failing",
        "shop-eventbridge-put-events-throttled",
    }


def test_entries_of_the_whole_account_count_together_and_without_dimensions(
    tmp_path: Path,
) -> None:
    aws = CloudWatch(plan(shop(tmp_path)))
    aws.put("PutEventsFailedEntriesCount", [30, 32], 3)
    assert firing(aws, 31) == set()
    assert firing(aws, 32) == {"shop-eventbridge-put-events-failing"}
    assert firing(aws, 35) == set()


def test_the_error_rate_of_a_function_needs_enough_invocations(tmp_path: Path) -> None:
    aws = CloudWatch(plan(shop(tmp_path)))
    aws.put("Invocations", [30], 9, **PAID)
    aws.put("Errors", [30], 9, **PAID)
    assert firing(aws, 31) == set()
    aws.put("Invocations", [31], 81, **PAID)
    assert firing(aws, 32) == set()  # 10 % is not above 10 %
    aws.put("Errors", [32], 1, **PAID)
    assert firing(aws, 32) == {"shop-lambda-error-rate-high-paid"}
    assert firing(aws, 47) == set()


def test_the_age_of_events_is_compared_in_the_milliseconds_of_aws(tmp_path: Path) -> None:
    aws = CloudWatch(plan(shop(tmp_path)))
    aws.put("AsyncEventAge", range(30, 40), 600_000, **PAID)
    assert firing(aws, 40) == set()
    aws.put("AsyncEventAge", range(40, 46), 600_001, **PAID)
    assert firing(aws, 46) == {"shop-lambda-async-events-old-paid"}


def test_an_override_names_a_function_that_a_glob_or_a_target_stands_for(tmp_path: Path) -> None:
    tuning = "alerts: {LambdaThrottled: {overrides: [{function: sent-late, above: 7}]}}\n"
    for fields in (WATCHED, "targets: true"):
        calls = plan(shop(tmp_path, fields, tuning))["PutMetricAlarm"]
        (alarm,) = (each for each in calls if "lambda-throttled-sent-late" in each["AlarmName"])
        assert (alarm["Threshold"], alarm["MetricName"]) == (7, "Throttles")
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "sent-late"}]


def test_what_is_not_watched_or_not_named_in_full_is_refused_with_the_reason(
    tmp_path: Path,
) -> None:
    system = shop(tmp_path, "targets: true")
    refused = alarms_of(tuned_alerts(system), system, "cloud").refused
    reasons = {each.alert: each.reason for each in refused}
    assert reasons["LambdaThrottled"] == "the spec names no function in full"
    assert reasons["SnsNotificationsFailing"] == "the spec names no topic in full"
    assert "EventBridgePutEventsFailing" not in reasons  # no source asks for it: no such alert


def test_what_only_a_glob_or_a_target_stands_for_is_told(tmp_path: Path) -> None:
    system = shop(tmp_path, f"{WATCHED}, targets: true")
    told = [each.reason for each in alarms_of([], system, "cloud").refused if not each.alert]
    assert told == [
        "sent-* on source cloud is a glob: alarms need the names of functions",
        "targets on source cloud are found at run time: alarms need names under functions and "
        "topics",
    ]
