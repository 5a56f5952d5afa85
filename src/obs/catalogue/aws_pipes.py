"""Metrics of EventBridge pipes."""

from typing import Final

from obs.catalogue.declare import counter, gauge, info
from obs.catalogue.metric import AwsMetric, Metric, Missing

PREFIXES = ("eventbridge_pipe_",)

PIPE = ("aws", "pipe")


def _metric(metric: str, statistic: str, missing: Missing, per_unit: float = 1.0) -> AwsMetric:
    dimensions = (("PipeName", "pipe"),)
    return AwsMetric("AWS/EventBridge/Pipes", metric, statistic, missing, per_unit, dimensions)


def _sum(metric: str) -> AwsMetric:
    return _metric(metric, "Sum", Missing.ZERO)


EXECUTIONS = counter(
    "eventbridge_pipe_executions_total",
    PIPE,
    "Executions of the pipe, each of which processes a batch of events.",
    title="Executions",
    aws=_sum("Invocations"),
)
EVENTS = counter(
    "eventbridge_pipe_events_total",
    PIPE,
    "Events that the pipe processed.",
    title="Events",
    aws=_sum("EventCount"),
)
FAILED = counter(
    "eventbridge_pipe_failed_executions_total",
    PIPE,
    "Executions that failed; their events are tried again.",
    title="Failed executions",
    aws=_sum("ExecutionFailed"),
)
PARTLY_FAILED = counter(
    "eventbridge_pipe_partly_failed_executions_total",
    PIPE,
    "Executions in which some events of the batch failed.",
    title="Partly failed executions",
    aws=_sum("ExecutionPartiallyFailed"),
)
THROTTLED = counter(
    "eventbridge_pipe_throttled_executions_total",
    PIPE,
    "Executions that were throttled.",
    title="Throttled executions",
    aws=_sum("ExecutionThrottled"),
)
TIMED_OUT = counter(
    "eventbridge_pipe_timed_out_executions_total",
    PIPE,
    "Executions that timed out.",
    title="Timed out executions",
    aws=_sum("ExecutionTimeout"),
)
ENRICHMENT_FAILURES = counter(
    "eventbridge_pipe_enrichment_failures_total",
    PIPE,
    "Executions that failed at the enrichment.",
    title="Enrichment failures",
    aws=_sum("EnrichmentStageFailed"),
)
TARGET_FAILURES = counter(
    "eventbridge_pipe_target_failures_total",
    PIPE,
    "Executions that failed at the target.",
    title="Target failures",
    aws=_sum("TargetStageFailed"),
)
DURATION_AVERAGE = gauge(
    "eventbridge_pipe_duration_average_seconds",
    PIPE,
    "Mean time that executions of the last minute took; absent while there are none.",
    "seconds",
    title="Mean duration",
    aws=_metric("Duration", "Average", Missing.UNKNOWN, per_unit=1000.0),
)
DURATION_MAX = gauge(
    "eventbridge_pipe_duration_max_seconds",
    PIPE,
    "Longest time that an execution since the poll before took; absent while there are none.",
    "seconds",
    title="Longest duration",
    aws=_metric("Duration", "Maximum", Missing.UNKNOWN, per_unit=1000.0),
)
RUNNING = gauge(
    "eventbridge_pipe_running",
    PIPE,
    "1 while the pipe runs, 0 while it does not although it is meant to; absent where it is meant "
    "to be stopped.",
    title="Running",
    states=("stopped", "running"),
)

TAGS = info(
    "eventbridge_pipe_tags_info",
    PIPE,
    "Tags of the pipe, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)

METRICS: Final[tuple[Metric, ...]] = (
    *(EXECUTIONS, EVENTS, FAILED, PARTLY_FAILED, THROTTLED, TIMED_OUT),
    *(ENRICHMENT_FAILURES, TARGET_FAILURES, DURATION_AVERAGE, DURATION_MAX, RUNNING),
)
