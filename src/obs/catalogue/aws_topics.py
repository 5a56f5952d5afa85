"""Metrics of SNS topics."""

from typing import Final

from obs.catalogue.declare import counter, info
from obs.catalogue.metric import AwsMetric, Metric, Missing

PREFIXES = ("sns_",)

TOPIC = ("aws", "topic")


def _sum(metric: str) -> AwsMetric:
    return AwsMetric("AWS/SNS", metric, "Sum", Missing.ZERO, dimensions=(("TopicName", "topic"),))


PUBLISHED = counter(
    "sns_messages_published_total",
    TOPIC,
    "Messages published to the topic.",
    title="Published messages",
    aws=_sum("NumberOfMessagesPublished"),
)
DELIVERED = counter(
    "sns_notifications_delivered_total",
    TOPIC,
    "Messages delivered to subscribers; a message counts for each of them.",
    title="Delivered notifications",
    aws=_sum("NumberOfNotificationsDelivered"),
)
FAILED = counter(
    "sns_notifications_failed_total",
    TOPIC,
    "Messages that could not be delivered to a subscriber after all retries.",
    title="Failed notifications",
    aws=_sum("NumberOfNotificationsFailed"),
)
FILTERED_OUT = counter(
    "sns_notifications_filtered_out_total",
    TOPIC,
    "Messages that the filter policy of a subscription rejected.",
    title="Filtered out",
    aws=_sum("NumberOfNotificationsFilteredOut"),
)
DEAD_LETTERED = counter(
    "sns_notifications_dead_lettered_total",
    TOPIC,
    "Failed messages sent to the dead-letter queue of their subscription.",
    title="Dead letters of topics",
    aws=_sum("NumberOfNotificationsRedrivenToDlq"),
)
DEAD_LETTER_FAILURES = counter(
    "sns_notifications_dead_letter_failures_total",
    TOPIC,
    "Failed messages that are lost because the subscription's dead-letter queue did not accept "
    "them.",
    title="Lost notifications",
    aws=_sum("NumberOfNotificationsFailedToRedriveToDlq"),
)

TAGS = info(
    "sns_topic_tags_info",
    TOPIC,
    "Tags of the topic, as labels; only where it has one of the tags in tag_labels.",
    rare=True,
)

METRICS: Final[tuple[Metric, ...]] = (
    *(PUBLISHED, DELIVERED, FAILED, FILTERED_OUT),
    *(DEAD_LETTERED, DEAD_LETTER_FAILURES),
)
