"""Metrics of EventBridge Scheduler, which AWS publishes by group of schedules."""

from typing import Final

from obs.catalogue.declare import counter, info
from obs.catalogue.metric import AwsMetric, Metric, Missing

PREFIXES = ("eventbridge_schedule_",)

SCHEDULE_GROUP = ("aws", "schedule_group")


def _sum(metric: str) -> AwsMetric:
    dimensions = (("ScheduleGroup", "schedule_group"),)
    return AwsMetric("AWS/Scheduler", metric, "Sum", Missing.ZERO, dimensions=dimensions)


ATTEMPTS = counter(
    "eventbridge_schedule_invocation_attempts_total",
    SCHEDULE_GROUP,
    "Attempts to invoke the targets of the group's schedules.",
    title="Invocation attempts",
    aws=_sum("InvocationAttemptCount"),
)
TARGET_ERRORS = counter(
    "eventbridge_schedule_target_errors_total",
    SCHEDULE_GROUP,
    "Attempts that the target answered with an error.",
    title="Target errors",
    aws=_sum("TargetErrorCount"),
)
TARGET_THROTTLES = counter(
    "eventbridge_schedule_target_throttles_total",
    SCHEDULE_GROUP,
    "Attempts that the target throttled.",
    title="Throttled by targets",
    aws=_sum("TargetErrorThrottledCount"),
)
THROTTLES = counter(
    "eventbridge_schedule_throttled_invocations_total",
    SCHEDULE_GROUP,
    "Invocations that Scheduler throttled; it makes them later.",
    title="Throttled by Scheduler",
    aws=_sum("InvocationThrottleCount"),
)
DROPPED = counter(
    "eventbridge_schedule_dropped_invocations_total",
    SCHEDULE_GROUP,
    "Invocations that Scheduler gave up after all retries.",
    title="Dropped invocations",
    aws=_sum("InvocationDroppedCount"),
)
DEAD_LETTERED = counter(
    "eventbridge_schedule_dead_lettered_total",
    SCHEDULE_GROUP,
    "Dropped invocations that were sent to the schedule's dead-letter queue.",
    title="Dead letters",
    aws=_sum("InvocationsSentToDeadLetterCount"),
)
DEAD_LETTER_FAILURES = counter(
    "eventbridge_schedule_dead_letter_failures_total",
    SCHEDULE_GROUP,
    "Dropped invocations that are lost because the dead-letter queue did not accept them.",
    title="Lost invocations",
    aws=_sum("InvocationsFailedToBeSentToDeadLetterCount"),
)

TAGS = info(
    "eventbridge_schedule_group_tags_info",
    SCHEDULE_GROUP,
    "Tags of the group of schedules, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)

METRICS: Final[tuple[Metric, ...]] = (
    *(ATTEMPTS, TARGET_ERRORS, TARGET_THROTTLES, THROTTLES),
    *(DROPPED, DEAD_LETTERED, DEAD_LETTER_FAILURES),
)
