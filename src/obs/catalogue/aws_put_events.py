"""Metrics of PutEvents: what an account publishes to all event buses of a region together."""

from typing import Final

from obs.catalogue.declare import counter, gauge
from obs.catalogue.metric import AwsMetric, Metric, Missing

PUBLISHING = ("aws",)

_NAMESPACE: Final = "AWS/Events"
_ABSENT: Final = "Nothing was published lately"


def _sum(metric: str) -> AwsMetric:
    return AwsMetric(_NAMESPACE, metric, "Sum", Missing.ZERO)


def _level(metric: str, statistic: str, per_unit: float = 1.0) -> AwsMetric:
    return AwsMetric(_NAMESPACE, metric, statistic, Missing.UNKNOWN, per_unit)


REQUESTS = counter(
    "eventbridge_put_events_requests_total",
    PUBLISHING,
    "PutEvents requests, to all event buses of the account and region.",
    title="PutEvents requests",
    aws=_sum("PutEventsApproximateCallCount"),
)
FAILED_REQUESTS = counter(
    "eventbridge_put_events_failed_requests_total",
    PUBLISHING,
    "PutEvents requests that failed as a whole.",
    title="Failed requests",
    aws=_sum("PutEventsApproximateFailedCount"),
)
THROTTLED_REQUESTS = counter(
    "eventbridge_put_events_throttled_requests_total",
    PUBLISHING,
    "PutEvents requests that were throttled by the account's quota.",
    title="Throttled requests",
    aws=_sum("PutEventsApproximateThrottledCount"),
)
ENTRIES = counter(
    "eventbridge_put_events_entries_total",
    PUBLISHING,
    "Events in PutEvents requests; a request has up to ten.",
    title="Published events",
    aws=_sum("PutEventsEntriesCount"),
)
FAILED_ENTRIES = counter(
    "eventbridge_put_events_failed_entries_total",
    PUBLISHING,
    "Events that a PutEvents request did not publish; the request itself may have succeeded.",
    title="Failed entries",
    aws=_sum("PutEventsFailedEntriesCount"),
)
LATENCY_AVERAGE = gauge(
    "eventbridge_put_events_latency_average_seconds",
    PUBLISHING,
    "Mean time that a PutEvents request took, in the latest minute with requests.",
    "seconds",
    title="Mean latency of PutEvents",
    absent=_ABSENT,
    aws=_level("PutEventsLatency", "Average", 1000.0),
)
LATENCY_MAX = gauge(
    "eventbridge_put_events_latency_max_seconds",
    PUBLISHING,
    "Longest time that a PutEvents request took, since the poll before.",
    "seconds",
    title="Longest latency of PutEvents",
    absent=_ABSENT,
    aws=_level("PutEventsLatency", "Maximum", 1000.0),
)
REQUEST_SIZE_AVERAGE = gauge(
    "eventbridge_put_events_request_size_average_bytes",
    PUBLISHING,
    "Mean size of a PutEvents request, in the latest minute with requests.",
    "bytes",
    title="Mean size of PutEvents requests",
    absent=_ABSENT,
    aws=_level("PutEventsRequestSize", "Average"),
)
REQUEST_SIZE_MAX = gauge(
    "eventbridge_put_events_request_size_max_bytes",
    PUBLISHING,
    "Size of the largest PutEvents request, since the poll before.",
    "bytes",
    title="Largest PutEvents request",
    absent=_ABSENT,
    aws=_level("PutEventsRequestSize", "Maximum"),
)

METRICS: Final[tuple[Metric, ...]] = (
    *(REQUESTS, FAILED_REQUESTS, THROTTLED_REQUESTS, ENTRIES, FAILED_ENTRIES),
    *(LATENCY_AVERAGE, LATENCY_MAX, REQUEST_SIZE_AVERAGE, REQUEST_SIZE_MAX),
)
