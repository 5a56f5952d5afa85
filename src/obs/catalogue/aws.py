"""Metrics of EventBridge rules and of SQS queues."""

from obs.catalogue.declare import counter, gauge, with_labels
from obs.catalogue.metric import AwsMetric, Kind, Missing

PREFIXES = ("eventbridge_", "sqs_queue_", "cloudwatch_")

RULE = ("aws", "bus", "rule")
QUEUE = ("aws", "queue")


def _events(metric: str) -> AwsMetric:
    return AwsMetric("AWS/Events", metric, "Sum", Missing.ZERO)


def _delivery_latency(statistic: str) -> AwsMetric:
    # The only one of AWS' three latencies that includes retries, as the receiver sees it.
    # Not a percentile: CloudWatch has those only where the service publishes raw values.
    latency = "IngestionToInvocationSuccessLatency"  # milliseconds
    return AwsMetric("AWS/Events", latency, statistic, Missing.UNKNOWN, per_unit=1000.0)


INVOCATIONS = counter(
    "eventbridge_invocations_total",
    RULE,
    "Target invocations of the rule.",
    title="Invocations",
    aws=_events("Invocations"),
)
FAILED_INVOCATIONS = counter(
    "eventbridge_failed_invocations_total",
    RULE,
    "Invocations that failed after all retries.",
    title="Failed invocations",
    aws=_events("FailedInvocations"),
)
TRIGGERED_RULES = counter(
    "eventbridge_triggered_rules_total",
    RULE,
    "Events that matched the rule.",
    title="Matched",
    aws=_events("TriggeredRules"),
)
THROTTLED_RULES = counter(
    "eventbridge_throttled_rules_total",
    RULE,
    "Times the rule was throttled by the account's quota.",
    title="Throttled",
    aws=_events("ThrottledRules"),
)
RETRIES = counter(
    "eventbridge_retries_total",
    RULE,
    "Invocation attempts that were retries: targets return errors or throttle.",
    title="Retries",
    aws=_events("RetryInvocationAttempts"),
)
DEAD_LETTERED = counter(
    "eventbridge_dead_lettered_total",
    RULE,
    "Events sent to the dead-letter queue after their invocation failed.",
    title="Dead letters",
    aws=_events("InvocationsSentToDlq"),
)
DEAD_LETTER_FAILURES = counter(
    "eventbridge_dead_letter_failures_total",
    RULE,
    "Events lost because the dead-letter queue did not accept them: access denied, or no queue.",
    title="Lost",
    aws=_events("InvocationsFailedToBeSentToDlq"),
)
DELIVERY_LATENCY_AVERAGE = gauge(
    "eventbridge_delivery_latency_average_seconds",
    RULE,
    "Mean time from an event's arrival on the bus to its successful delivery, in the latest "
    "minutes with events.",
    "seconds",
    title="Mean latency",
    absent="AWS has no latency for these rules",
    aws=_delivery_latency("Average"),
)
DELIVERY_LATENCY_MAX = gauge(
    "eventbridge_delivery_latency_max_seconds",
    RULE,
    "Longest time from an event's arrival on the bus to its successful delivery, in the latest "
    "minutes with events.",
    "seconds",
    title="Longest latency",
    absent="AWS has no latency for these rules",
    aws=_delivery_latency("Maximum"),
)
QUEUE_VISIBLE = gauge(
    "sqs_queue_visible_messages",
    QUEUE,
    "Messages waiting in the queue.",
    "messages",
    title="Messages in queues",
    absent="No dead-letter queue is monitored",
    aws=AwsMetric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", Missing.UNKNOWN),
)
QUEUE_OLDEST_AGE = gauge(
    "sqs_queue_oldest_message_age_seconds",
    QUEUE,
    "Age of the oldest message in the queue; 0 when the queue is empty.",
    "seconds",
    title="Oldest message in queues",
    absent="No dead-letter queue is monitored",
    aws=AwsMetric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", Missing.UNKNOWN),
)

RULE_METRICS = with_labels(RULE, Kind.COUNTER)
LATENCY_METRICS = with_labels(RULE, Kind.GAUGE)
