"""Metrics of Lambda functions, over all versions and aliases of each."""

from typing import Final

from obs.catalogue.declare import counter, gauge, info
from obs.catalogue.metric import AwsMetric, Metric, Missing

PREFIXES = ("lambda_",)

FUNCTION = ("aws", "function")

_NAMESPACE: Final = "AWS/Lambda"
_DIMENSIONS: Final = (("FunctionName", "function"),)


def _sum(metric: str) -> AwsMetric:
    return AwsMetric(_NAMESPACE, metric, "Sum", Missing.ZERO, dimensions=_DIMENSIONS)


def _level(
    metric: str, statistic: str, missing: Missing = Missing.UNKNOWN, per_unit: float = 1.0
) -> AwsMetric:
    return AwsMetric(_NAMESPACE, metric, statistic, missing, per_unit, _DIMENSIONS)


INVOCATIONS = counter(
    "lambda_invocations_total",
    FUNCTION,
    "Invocations of the function, successful or not; none that was throttled.",
    title="Invocations of functions",
    aws=_sum("Invocations"),
)
ERRORS = counter(
    "lambda_errors_total",
    FUNCTION,
    "Invocations that ended in an error of the function or its runtime, such as a timeout.",
    title="Function errors",
    aws=_sum("Errors"),
)
THROTTLES = counter(
    "lambda_throttles_total",
    FUNCTION,
    "Invocations that Lambda refused because no more instances may run at once.",
    title="Throttled invocations",
    aws=_sum("Throttles"),
)
ASYNC_RECEIVED = counter(
    "lambda_async_events_received_total",
    FUNCTION,
    "Events that Lambda queued for the function; EventBridge and SNS invoke it in this way.",
    title="Queued events",
    aws=_sum("AsyncEventsReceived"),
)
ASYNC_DROPPED = counter(
    "lambda_async_events_dropped_total",
    FUNCTION,
    "Queued events that Lambda gave up: too old, too many attempts, or no reserved concurrency.",
    title="Dropped events",
    aws=_sum("AsyncEventsDropped"),
)
DEAD_LETTER_ERRORS = counter(
    "lambda_dead_letter_errors_total",
    FUNCTION,
    "Dropped events that Lambda could not send to the function's dead-letter queue.",
    title="Lost before the dead-letter queue",
    aws=_sum("DeadLetterErrors"),
)
DESTINATION_FAILURES = counter(
    "lambda_destination_delivery_failures_total",
    FUNCTION,
    "Events that Lambda could not send to the destination of the function's results.",
    title="Failed deliveries to destinations",
    aws=_sum("DestinationDeliveryFailures"),
)
CONCURRENT_MAX = gauge(
    "lambda_concurrent_executions_max",
    FUNCTION,
    "Most instances of the function that ran at once, since the poll before.",
    title="Concurrent executions",
    aws=_level("ConcurrentExecutions", "Maximum", Missing.ZERO),
)
ASYNC_AGE_MAX = gauge(
    "lambda_async_event_age_max_seconds",
    FUNCTION,
    "Longest time that an event waited in Lambda's queue before its invocation, since the poll "
    "before.",
    "seconds",
    title="Age of queued events",
    absent="Lambda took no queued event lately",
    aws=_level("AsyncEventAge", "Maximum", per_unit=1000.0),
)
DURATION_P99 = gauge(
    "lambda_duration_p99_seconds",
    FUNCTION,
    "Time within which 99 % of the invocations ended, in the worst minute since the poll before.",
    "seconds",
    title="Duration, 99th percentile",
    absent="The functions were not invoked lately",
    aws=_level("Duration", "p99", per_unit=1000.0),
)
DURATION_MAX = gauge(
    "lambda_duration_max_seconds",
    FUNCTION,
    "Time of the longest invocation, since the poll before.",
    "seconds",
    title="Longest duration",
    absent="The functions were not invoked lately",
    aws=_level("Duration", "Maximum", per_unit=1000.0),
)

TIMEOUT = gauge(
    "lambda_timeout_seconds",
    FUNCTION,
    "Time after which Lambda ends an invocation of the function, as configured.",
    "seconds",
    title="Timeout",
    absent="Lambda does not list the functions",
)

TAGS = info(
    "lambda_function_tags_info",
    FUNCTION,
    "Tags of the function, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)

METRICS: Final[tuple[Metric, ...]] = (
    *(INVOCATIONS, ERRORS, THROTTLES, ASYNC_RECEIVED, ASYNC_DROPPED),
    *(DEAD_LETTER_ERRORS, DESTINATION_FAILURES),
    *(CONCURRENT_MAX, ASYNC_AGE_MAX, DURATION_P99, DURATION_MAX, TIMEOUT),
)
