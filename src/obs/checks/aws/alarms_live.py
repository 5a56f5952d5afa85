"""Reads CloudWatch alarms, their topics and metrics, without judging them."""

from collections.abc import Sequence
from typing import Final

from obs.checks.aws.alarm_metrics import SQS, MetricFacts, watched
from obs.checks.aws.alarms import AlarmFacts, Topic
from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.errors import SourceError

_KINDS: Final = (("MetricAlarm", "MetricAlarms"), ("CompositeAlarm", "CompositeAlarms"))


def read_alarms(client: AwsClient, region: str) -> AlarmFacts:
    """Every alarm of the account and region. Raises SourceError."""
    account = client.call("sts", "GetCallerIdentity")["Account"]
    found = [
        alarm
        for kind, member in _KINDS
        for alarm in client.listed("cloudwatch", "DescribeAlarms", member, AlarmTypes=[kind])
    ]
    return AlarmFacts(region, account, {alarm["AlarmName"]: alarm for alarm in found})


def read_topics(client: AwsClient, arns: Sequence[str]) -> list[Topic]:
    """The topics of these ARNs. Raises SourceError."""
    return in_parallel(lambda arn: _topic(client, arn), arns)


def read_metrics(client: AwsClient, facts: AlarmFacts) -> MetricFacts:
    """What the alarms read, and which of it exists. Raises SourceError."""
    alarms = {name: found for name, alarm in facts.alarms.items() if (found := watched(alarm))}
    names = sorted({(one.namespace, one.name) for found in alarms.values() for one in found})
    listed = in_parallel(
        lambda pair: frozenset(
            frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"])
            for metric in client.listed(
                "cloudwatch", "ListMetrics", "Metrics", Namespace=pair[0], MetricName=pair[1]
            )
        ),
        names,
    )
    queues = sorted(
        {
            dict(one.dimensions).get("QueueName", "")
            for found in alarms.values()
            for one in found
            if one.namespace == SQS
        }
        - {""}
    )
    there = in_parallel(lambda name: _is_queue(client, name), queues)
    buses = client.event_buses()
    rules = frozenset((bus, rule) for bus in buses for rule in client.rules(bus))
    return MetricFacts(
        region=facts.region,
        alarms=alarms,
        listed=dict(zip(names, listed, strict=True)),
        rules=rules,
        queues=frozenset(name for name, is_there in zip(queues, there, strict=True) if is_there),
    )


def _topic(client: AwsClient, arn: str) -> Topic:
    try:
        return Topic(arn, client.call("sns", "GetTopicAttributes", TopicArn=arn)["Attributes"])
    except SourceError as error:
        if error.reason == "http_status" and "NotFound" in str(error):
            return Topic(arn, None)
        raise


def _is_queue(client: AwsClient, name: str) -> bool:
    try:
        client.queue_url(name)
    except SourceError as error:
        if error.reason == "http_status":
            return False
        raise
    return True
