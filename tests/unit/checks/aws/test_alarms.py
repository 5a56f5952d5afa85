"""Alarms as AWS describes them against alarms as they are built, and what they read."""

from typing import Any

import pytest

from obs.checks.aws.alarm_metrics import MetricFacts, WatchedMetric, judge, watched
from obs.checks.aws.alarms import AlarmFacts, Topic, built, judge_built, judge_topics, topics_of
from obs.checks.finding import CheckFinding, Outcome
from obs.spec.system import System

SYSTEM = System.model_validate(
    {
        "version": 1,
        "system": "shop",
        "sources": {
            "aws": {
                "cloud": {
                    "region": "eu-west-1",
                    "buses": [{"name": "shop", "rules": ["orders", "returns"]}],
                    "queues": ["shop-dlq"],
                }
            }
        },
        "slos": [
            {
                "name": "delivery",
                "service": "shop",
                "objective": 99.9,
                "sli": {"eventbridge": {"source": "cloud", "bus": "shop"}},
            }
        ],
    }
)
WANTED = built(SYSTEM, "cloud", "123456789012")
COMPOSITE = next(one for one in WANTED if "AlarmRule" in one)
FORMULA = next(one for one in WANTED if "Metrics" in one)
SINGLE = next(one for one in WANTED if "MetricName" in one)


def described(alarm: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """As AWS answers: other order, defaults said, members that nobody asked for."""
    live = {**alarm, "ActionsEnabled": True, "StateValue": "OK", "InsufficientDataActions": []}
    live.pop("Tags")
    if "Metrics" in live:
        live["Metrics"] = [
            {**query, "AccountId": None, "MetricStat": query.get("MetricStat")}
            for query in reversed(live["Metrics"])
        ]
        live["Dimensions"] = []
    if live.get("Dimensions"):
        live["Dimensions"] = [*reversed(live["Dimensions"])]
    if "Threshold" in live:
        live["Threshold"] = float(live["Threshold"])
    return live | changes


def found(alarm: dict[str, Any], **changes: Any) -> list[CheckFinding]:
    live = {alarm["AlarmName"]: described(alarm, **changes)}
    return [*judge_built([alarm], AlarmFacts("eu-west-1", "123456789012", live))]


@pytest.mark.parametrize("alarm", WANTED, ids=lambda alarm: alarm["AlarmName"])
def test_an_alarm_as_aws_describes_it_is_as_it_was_built(alarm: dict[str, Any]) -> None:
    (finding,) = found(alarm)
    assert finding.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("alarm", "changes", "words"),
    [
        (FORMULA, {"Threshold": 99.0}, "Threshold is 99, expected"),
        (FORMULA, {"EvaluationPeriods": 9}, "EvaluationPeriods is 9"),
        (FORMULA, {"TreatMissingData": "missing"}, "TreatMissingData is missing"),
        (FORMULA, {"Metrics": FORMULA["Metrics"][:1]}, "Metrics differs"),
        (FORMULA, {"AlarmActions": []}, "AlarmActions is not set, expected"),
        (SINGLE, {"Dimensions": []}, "Dimensions is not set"),
        (SINGLE, {"Period": 30}, "Period is 30"),
        (SINGLE, {"Statistic": "Average"}, "Statistic is Average"),
        (COMPOSITE, {"AlarmRule": "FALSE"}, "AlarmRule is FALSE"),
    ],
)
def test_each_setting_that_differs_is_reported(
    alarm: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    (finding,) = found(alarm, **changes)
    assert finding.outcome is Outcome.FAILED
    assert words in finding.what
    assert finding.advice == "obs alerts apply --target cloudwatch"


def test_an_alarm_may_be_wrong_in_two_ways() -> None:
    assert len(found(FORMULA, Threshold=99.0, ActionsEnabled=False)) == 2


def test_the_account_s_number_is_filled_into_the_topics() -> None:
    assert topics_of(WANTED) == ["arn:aws:sns:eu-west-1:123456789012:shop-alerts"]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (None, "does not exist"),
        ({"SubscriptionsConfirmed": "0", "SubscriptionsPending": "0"}, "no subscription"),
        ({"SubscriptionsConfirmed": "0", "SubscriptionsPending": "2"}, "2 pending"),
        (
            {"SubscriptionsConfirmed": "1", "KmsMasterKeyId": "alias/aws/sns"},
            "does not let CloudWatch publish",
        ),
    ],
)
def test_a_topic_without_confirmed_subscriptions_is_wrong(
    attributes: dict[str, str] | None, words: str
) -> None:
    (finding,) = judge_topics([Topic("arn:aws:sns:eu-west-1:123456789012:alerts", attributes)])
    assert finding.outcome is Outcome.FAILED
    assert words in finding.what
    assert finding.advice


def test_one_confirmed_subscription_is_enough() -> None:
    attributes = {"SubscriptionsConfirmed": "1", "SubscriptionsPending": "3"}
    (finding,) = judge_topics([Topic("arn:aws:sns:eu-west-1:123456789012:alerts", attributes)])
    assert finding.outcome is Outcome.PASSED


def reading(
    namespace: str, name: str, *listed: dict[str, str], **dimensions: str
) -> list[CheckFinding]:
    """What is found of an alarm that reads this, where AWS lists those."""
    facts = MetricFacts(
        region="eu-west-1",
        alarms={"theirs": (WatchedMetric(namespace, name, frozenset(dimensions.items())),)},
        listed={(namespace, name): frozenset(frozenset(one.items()) for one in listed)},
        rules=frozenset({("shop", "orders"), ("default", "nightly")}),
        queues=frozenset({"shop-dlq"}),
    )
    return [*judge("cloud", facts)]


@pytest.mark.parametrize(
    ("name", "dimensions"),
    [
        ("FailedInvocations", {"EventBusName": "shop", "RuleName": "orders"}),
        ("FailedInvocations", {"RuleName": "nightly"}),
        ("Invocations", {}),
        ("TriggeredRules", {"EventBusName": "shop"}),
        ("PutEventsApproximateFailedCount", {}),
        ("MatchedEvents", {}),
    ],
)
def test_a_metric_that_eventbridge_publishes_when_something_happens_is_right_without_data(
    name: str, dimensions: dict[str, str]
) -> None:
    (finding,) = reading("AWS/Events", name, **dimensions)
    assert finding.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("name", "dimensions", "words"),
    [
        ("FailedInvocations", {}, "the alarm reads it with no dimensions"),
        ("FailedInvocations", {"EventBusName": "shop"}, "the alarm reads it with EventBusName"),
        ("Invocations", {"EventBusName": "shop"}, "with no dimensions, or RuleName"),
        ("FailedInvocations", {"RuleName": "orders"}, "rule orders does not exist on bus default"),
        ("FailedInvocation", {"RuleName": "nightly"}, "has no metric FailedInvocation"),
    ],
)
def test_a_metric_that_eventbridge_never_publishes_is_named(
    name: str, dimensions: dict[str, str], words: str
) -> None:
    (finding,) = reading("AWS/Events", name, **dimensions)
    assert finding.outcome is Outcome.FAILED
    assert words in finding.what
    assert finding.advice.splitlines()[-1].startswith("aws cloudwatch delete-alarms")


def test_an_idle_queue_is_right_and_one_that_is_not_there_is_not() -> None:
    visible = "ApproximateNumberOfMessagesVisible"
    assert reading("AWS/SQS", visible, QueueName="shop-dlq")[0].outcome is Outcome.PASSED
    assert (
        "queue shop-dql does not exist" in reading("AWS/SQS", visible, QueueName="shop-dql")[0].what
    )
    assert "no metric Visible" in reading("AWS/SQS", "Visible", QueueName="shop-dlq")[0].what
    assert "with QueueName" in reading("AWS/SQS", visible, Queue="shop-dlq")[0].what


def test_a_metric_of_a_function_or_topic_comes_only_when_something_happens() -> None:
    paid = {"FunctionName": "paid"}
    assert reading("AWS/Lambda", "DeadLetterErrors", **paid)[0].outcome is Outcome.PASSED
    failed = "NumberOfNotificationsFailed"
    assert reading("AWS/SNS", failed, TopicName="changes")[0].outcome is Outcome.PASSED
    other = reading("AWS/SNS", failed, {"TopicName": "others"}, Topic="changes")[0]
    assert other.outcome is Outcome.FAILED
    assert "has TopicName" in other.what
    assert reading("AWS/Lambda", "UrlRequestCount", **paid)[0].outcome is Outcome.WARNED


def test_a_custom_metric_is_judged_by_what_is_listed() -> None:
    there = {"Stream": "ORDERS", "Consumer": "worker"}
    assert reading("Shop", "Lag", there, **there)[0].outcome is Outcome.PASSED
    other = reading("Shop", "Lag", there, Stream="ORDERS")[0]
    assert other.outcome is Outcome.FAILED
    assert "has Consumer and Stream" in other.what
    assert reading("Shop", "Lag", there, Stream="A", Consumer="B")[0].outcome is Outcome.WARNED
    assert reading("Shop", "Lag")[0].outcome is Outcome.WARNED


def test_metrics_of_other_accounts_and_expressions_are_not_looked_at() -> None:
    metric = {"Namespace": "Shop", "MetricName": "Lag", "Dimensions": []}
    alarm = {
        "Metrics": [
            {"Id": "a", "AccountId": "1", "MetricStat": {"Metric": metric}},
            {"Id": "b", "Expression": "a * 2"},
            {"Id": "c", "MetricStat": {"Metric": {**metric, "MetricName": "Own"}}},
        ]
    }
    assert [one.name for one in watched(alarm)] == ["Own"]
