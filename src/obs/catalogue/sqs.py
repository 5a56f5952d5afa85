"""Metrics of SQS queues beside their depth and age: what they are for, and their traffic."""

from obs.catalogue.aws import QUEUE, RULE
from obs.catalogue.declare import counter, gauge, info
from obs.catalogue.metric import AwsMetric, Metric, Missing

PREFIXES = ()

_NO_WORK_QUEUE = "No work queue is monitored"


def _gauge_of_aws(metric: str) -> AwsMetric:
    return AwsMetric("AWS/SQS", metric, "Maximum", Missing.UNKNOWN)


def _counter(name: str, help: str, title: str, metric: str) -> Metric:
    # AWS publishes these for a queue that was in use within the last hours, zeros too.
    twin = AwsMetric("AWS/SQS", metric, "Sum", Missing.ZERO)
    return counter(name, QUEUE, help, title=title, absent=_NO_WORK_QUEUE, aws=twin)


QUEUE_IN_FLIGHT = gauge(
    "sqs_queue_in_flight_messages",
    QUEUE,
    "Messages that were received and are neither deleted nor visible again.",
    "messages",
    title="Messages in flight",
    absent=_NO_WORK_QUEUE,
    aws=_gauge_of_aws("ApproximateNumberOfMessagesNotVisible"),
)
QUEUE_DELAYED = gauge(
    "sqs_queue_delayed_messages",
    QUEUE,
    "Messages that were sent with a delay and cannot be received yet.",
    "messages",
    title="Delayed messages",
    absent=_NO_WORK_QUEUE,
    aws=_gauge_of_aws("ApproximateNumberOfMessagesDelayed"),
)
WORK_ROLE = "work"
"""The role of a queue that services consume."""
QUEUE_ROLE = info(
    "sqs_queue_role_info",
    (*QUEUE, "role"),
    "What the queue is for: `work`, or `dead_letter`.",
    title="Role",
)
SENT = _counter(
    "sqs_queue_sent_messages_total",
    "Messages sent to the work queue.",
    "Sent",
    "NumberOfMessagesSent",
)
RECEIVED = _counter(
    "sqs_queue_received_messages_total",
    "Messages received from the work queue, each time that one is received.",
    "Received",
    "NumberOfMessagesReceived",
)
DELETED = _counter(
    "sqs_queue_deleted_messages_total",
    "Deletions of messages from the work queue: processed ones, some counted twice.",
    "Deleted",
    "NumberOfMessagesDeleted",
)
QUEUE_COUNTERS = (SENT, RECEIVED, DELETED)
CAUSES = gauge(
    "sqs_queue_dead_letter_cause_messages",
    (*QUEUE, "error_code", "bus", "rule", "target"),
    "Messages in the dead-letter queue that were read for their cause, by what they say of it; "
    "only where dead_letter_causes is set.",
    "messages",
    title="Causes of dead letters",
    absent="No causes of dead letters are read",
    rare=True,
)
RULE_TAGS = info(
    "eventbridge_rule_tags_info",
    RULE,
    "Tags of the rule, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)
QUEUE_TAGS = info(
    "sqs_queue_tags_info",
    QUEUE,
    "Tags of the queue, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)
