"""Dead-letter queues: what the emulator of the integration test cannot be brought to."""

import json
from typing import Any

import pytest

from obs.checks.aws.dead_letters import judge_dead_letters
from obs.checks.aws.eventbridge import (
    EventBridgeFacts,
    LiveQueue,
    LiveRule,
    LiveTarget,
    judge_rules,
)
from obs.checks.finding import Outcome

RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/shop/orders"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders-dlq"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/orders-dlq"


def sending(**changes: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": {"ArnEquals": {"aws:SourceArn": RULE_ARN}},
    } | changes


def facts(
    *statements: dict[str, Any], queue: str = QUEUE, why: str = "", **attributes: str
) -> EventBridgeFacts:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [*statements]})
    known = {"Policy": policy, "MessageRetentionPeriod": "345600"} | attributes
    target = LiveTarget(
        {
            "Id": "t",
            "Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "InputPath": "$.detail",
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": queue},
        }
    )
    return EventBridgeFacts(
        region="us-east-1",
        account="123456789012",
        rules=(LiveRule("shop", "orders", RULE_ARN, True, (target,)),),
        queues={queue: LiveQueue(queue, URL, None if why else known, why)},
    )


def outcome(found: EventBridgeFacts) -> Outcome:
    (finding,) = judge_dead_letters(found)
    return finding.outcome


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Action": "sqs:*"},
        {"Action": ["SQS:SendMessage", "sqs:GetQueueUrl"]},
        {"Resource": "*"},
        {"Condition": {"ArnLike": {"AWS:SourceArn": ["arn:aws:events:*:*:rule/shop/*"]}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
        {
            "Condition": {
                "ArnEquals": {"aws:SourceArn": RULE_ARN},
                "Bool": {"aws:SecureTransport": "true"},
            }
        },
        {"Principal": "*"},
    ],
)
def test_a_policy_that_lets_the_rule_send_is_right(changes: dict[str, Any]) -> None:
    assert outcome(facts(sending(**changes))) is Outcome.PASSED


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "sqs:ReceiveMessage"},
        {"Resource": f"{QUEUE}-other"},
        {"Condition": {"ArnEquals": {"aws:SourceArn": f"{RULE_ARN}-other"}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}},
        {"Condition": {"ArnNotEquals": {"aws:SourceArn": RULE_ARN}}},
        {"Effect": "Deny"},
    ],
)
def test_a_policy_that_does_not_is_wrong(changes: dict[str, Any]) -> None:
    assert outcome(facts(sending(**changes))) is Outcome.FAILED


def test_a_denial_wins_but_not_one_that_is_about_plain_transport() -> None:
    unconditional = sending(Effect="Deny", Condition={})
    assert outcome(facts(sending(), unconditional)) is Outcome.FAILED
    plain = sending(
        Effect="Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}
    )
    assert outcome(facts(sending(), plain)) is Outcome.PASSED


@pytest.mark.parametrize("pattern", ["*", "**"])
def test_a_policy_for_every_rule_there_is_is_doubtful(pattern: str) -> None:
    everybody = sending(Condition={"ArnLike": {"aws:SourceArn": pattern}})
    assert outcome(facts(everybody)) is Outcome.WARNED
    assert outcome(facts(sending(Condition={}))) is Outcome.WARNED


def test_the_advice_keeps_the_statements_of_others_and_replaces_its_own() -> None:
    others = sending(Sid="Theirs", Principal={"Service": "sns.amazonaws.com"}, Condition={})
    (finding,) = judge_dead_letters(facts(others, sending(Condition={})))
    told = finding.advice.encode().decode("unicode_escape")
    assert "Theirs" in told
    assert told.count("events.amazonaws.com") == 1
    assert RULE_ARN in told


def test_a_fifo_queue_is_wrong_and_the_advice_makes_a_standard_one() -> None:
    (finding,) = judge_dead_letters(facts(sending(), queue=f"{QUEUE}.fifo"))
    assert "FIFO" in finding.what
    create, put = finding.advice.splitlines()
    assert create.startswith("aws sqs create-queue --region us-east-1 --queue-name orders-dlq ")
    assert f'"DeadLetterConfig":{{"Arn":"{QUEUE}"}}' in put
    assert '"InputPath":"$.detail"' in put  # the rest of the target stays as it is


def test_a_queue_that_may_not_be_read_is_doubtful_and_says_what_is_missing() -> None:
    (finding,) = judge_dead_letters(facts(why="GetQueueUrl: not permitted"))
    assert finding.outcome is Outcome.WARNED
    assert "sqs:GetQueueAttributes" in finding.advice


def test_a_queue_under_the_key_that_aws_manages_is_doubtful() -> None:
    (finding,) = judge_dead_letters(facts(sending(), KmsMasterKeyId="alias/aws/sqs"))
    assert finding.outcome is Outcome.WARNED
    assert "SqsManagedSseEnabled" in finding.advice


@pytest.mark.parametrize(("retention", "expected"), [("3600", "failed"), ("3601", "passed")])
def test_a_queue_keeps_messages_longer_than_eventbridge_retries(
    retention: str, expected: str
) -> None:
    assert outcome(facts(sending(), MessageRetentionPeriod=retention)) == expected


def test_a_rule_without_target_is_wrong() -> None:
    empty = LiveRule("shop", "orders", RULE_ARN, True, ())
    (finding,) = judge_rules(EventBridgeFacts("us-east-1", "123456789012", (empty,)))
    assert finding.outcome is Outcome.FAILED
    assert "no target" in finding.what


def test_half_a_retry_policy_keeps_its_half_in_the_advice() -> None:
    target = LiveTarget({"Id": "t", "Arn": "a", "RetryPolicy": {"MaximumRetryAttempts": 7}})
    rule = LiveRule("default", "orders", RULE_ARN, True, (target,))
    found = EventBridgeFacts("us-east-1", "123456789012", (rule,))
    (finding,) = judge_rules(found, (3, 3600))
    assert '{"MaximumRetryAttempts":7,"MaximumEventAgeInSeconds":3600}' in finding.advice
