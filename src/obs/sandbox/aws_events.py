"""The OMS system in an AWS emulator: its bus, rules, targets and queue, and the points AWS would
publish for them."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import boto3

from obs.sandbox.aws_emulator import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

BUS: Final = "oms-events"
RULES: Final = ("oms-schema-changed", "oms-object-changed")
DEAD_LETTER_QUEUE: Final = "oms-events-dlq"
_PUT_LIMIT: Final = 1_000


@lru_cache(maxsize=32)
def aws(service: str, endpoint_url: str) -> Any:
    """A boto3 client of the emulator."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def queue_arn(name: str) -> str:
    """The ARN of a queue in the emulator's account."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def create_oms(endpoint_url: str) -> None:
    """Create the bus, its rules with a target each, and their dead-letter queue."""
    aws("sqs", endpoint_url).create_queue(
        QueueName=DEAD_LETTER_QUEUE,
        Attributes={
            "MessageRetentionPeriod": str(14 * 86_400),
            "Policy": json.dumps(queue_policy(queue_arn(DEAD_LETTER_QUEUE), BUS, RULES)),
        },
    )
    create_rules(endpoint_url, BUS, RULES, dead_letter_queue=DEAD_LETTER_QUEUE)


def queue_policy(queue: str, bus: str, rules: Iterable[str]) -> dict[str, object]:
    """A queue policy that lets only these rules send events."""
    sources = [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{bus}/{rule}" for rule in rules]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
            }
        ],
    }


def create_rules(
    endpoint_url: str, bus: str, rules: tuple[str, ...], *, dead_letter_queue: str | None = None
) -> None:
    """Create a bus (unless it is `default`) and rules on it, each with one target."""
    events = aws("events", endpoint_url)
    if bus.startswith("aws.partner/"):
        events.create_event_bus(Name=bus, EventSourceName=bus)
    elif bus != "default":
        events.create_event_bus(Name=bus)
    for rule in rules:
        target: dict[str, Any] = {
            "Id": f"{rule}-target",
            "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{rule}",
            "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
        }
        if dead_letter_queue is not None:
            target["DeadLetterConfig"] = {"Arn": queue_arn(dead_letter_queue)}
        events.put_rule(Name=rule, EventBusName=bus, EventPattern='{"source": ["oms"]}')
        events.put_targets(Rule=rule, EventBusName=bus, Targets=[target])


def put_rule_points(
    endpoint_url: str, bus: str, rule: str, points: Mapping[str, Mapping[int, float]]
) -> None:
    """Publish a rule's points: metric name → {start of the minute in Unix seconds: value}.

    As AWS does, zeros are not published. A second put for a minute adds to its sum, so a
    correction is its difference, negative for one downwards.
    """
    dimensions = [{"Name": "RuleName", "Value": rule}]
    if bus != "default":
        dimensions.insert(0, {"Name": "EventBusName", "Value": bus})
    put_points(endpoint_url, "AWS/Events", dimensions, points)


def put_queue_age(endpoint_url: str, queue: str, ages: Mapping[int, float]) -> None:
    """Publish the age in seconds of a queue's oldest message by minute."""
    dimensions = [{"Name": "QueueName", "Value": queue}]
    put_points(endpoint_url, "AWS/SQS", dimensions, {"ApproximateAgeOfOldestMessage": ages})


def put_points(
    endpoint_url: str,
    namespace: str,
    dimensions: list[dict[str, str]],
    points: Mapping[str, Mapping[int, float]],
) -> None:
    """Publish points of any metric, zeros left out."""
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": metric,
            "Dimensions": dimensions,  # type: ignore[typeddict-item]
            "Timestamp": datetime.fromtimestamp(minute, UTC),
            "Value": value,
        }
        for metric, minutes in points.items()
        for minute, value in minutes.items()
        if value
    ]
    client = aws("cloudwatch", endpoint_url)
    for first in range(0, len(data), _PUT_LIMIT):
        client.put_metric_data(Namespace=namespace, MetricData=data[first : first + _PUT_LIMIT])
