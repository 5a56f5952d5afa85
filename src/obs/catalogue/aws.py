"""Metrics of EventBridge rules and of SQS queues."""

from obs.catalogue.metric import AwsMetric, Metric, Missing, counter, gauge

RULE = ("aws", "bus", "rule")
QUEUE = ("aws", "queue")


def _events(metric: str) -> AwsMetric:
    return AwsMetric("AWS/Events", metric, "Sum", Missing.ZERO)


def _delivery_latency(statistic: str) -> AwsMetric:
    # Of AWS' three latencies the only one that tells what a receiver waits, retries included.
    # Not a percentile: CloudWatch has those only where the service publishes raw values.
    latency = "IngestionToInvocationSuccessLatency"  # milliseconds
    return AwsMetric("AWS/Events", latency, statistic, Missing.UNKNOWN, per_unit=1000.0)


INVOCATIONS = counter(
    "eventbridge_invocations_total",
    RULE,
    "Times the rule's targets were invoked for an event.",
    aws=_events("Invocations"),
)
FAILED_INVOCATIONS = counter(
    "eventbridge_failed_invocations_total",
    RULE,
    "Invocations that failed for good.",
    aws=_events("FailedInvocations"),
)
TRIGGERED_RULES = counter(
    "eventbridge_triggered_rules_total",
    RULE,
    "Times the rule matched an event.",
    aws=_events("TriggeredRules"),
)
THROTTLED_RULES = counter(
    "eventbridge_throttled_rules_total",
    RULE,
    "Times the rule was throttled.",
    aws=_events("ThrottledRules"),
)
RETRIES = counter(
    "eventbridge_retries_total",
    RULE,
    "Times an invocation was tried again.",
    aws=_events("RetryInvocationAttempts"),
)
DEAD_LETTERED = counter(
    "eventbridge_dead_lettered_total",
    RULE,
    "Events sent to the dead-letter queue.",
    aws=_events("InvocationsSentToDlq"),
)
DEAD_LETTER_FAILURES = counter(
    "eventbridge_dead_letter_failures_total",
    RULE,
    "Events that could not even be sent to the dead-letter queue: lost.",
    aws=_events("InvocationsFailedToBeSentToDlq"),
)
DELIVERY_LATENCY_AVERAGE = gauge(
    "eventbridge_delivery_latency_average_seconds",
    RULE,
    "Mean time from an event's arrival on the bus to its successful delivery, over the last "
    "minutes that had any.",
    "seconds",
    aws=_delivery_latency("Average"),
)
DELIVERY_LATENCY_MAX = gauge(
    "eventbridge_delivery_latency_max_seconds",
    RULE,
    "Longest time from an event's arrival on the bus to its successful delivery, over the last "
    "minutes that had any.",
    "seconds",
    aws=_delivery_latency("Maximum"),
)
QUEUE_VISIBLE = gauge(
    "sqs_queue_visible_messages",
    QUEUE,
    "Messages waiting in the queue.",
    "messages",
    aws=AwsMetric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", Missing.UNKNOWN),
)
QUEUE_OLDEST_AGE = gauge(
    "sqs_queue_oldest_message_age_seconds",
    QUEUE,
    "Age of the oldest message in the queue; 0 when it is empty.",
    "seconds",
    aws=AwsMetric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", Missing.UNKNOWN),
)

RULE_METRICS: tuple[Metric, ...] = (
    INVOCATIONS,
    FAILED_INVOCATIONS,
    TRIGGERED_RULES,
    THROTTLED_RULES,
    RETRIES,
    DEAD_LETTERED,
    DEAD_LETTER_FAILURES,
)
LATENCY_METRICS: tuple[Metric, ...] = (DELIVERY_LATENCY_AVERAGE, DELIVERY_LATENCY_MAX)
QUEUE_METRICS: tuple[Metric, ...] = (QUEUE_VISIBLE, QUEUE_OLDEST_AGE)
ALL: tuple[Metric, ...] = (*RULE_METRICS, *LATENCY_METRICS, *QUEUE_METRICS)
