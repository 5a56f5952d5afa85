"""Alerts on SQS queues that services consume; built where a source watches work queues."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, OnWorkQueue, Unconsumed
from obs.catalogue import aws, sqs

ALERTS: Final = (
    Alert(
        "SqsQueueNotConsumed",
        Severity.CRITICAL,
        About.WORK_QUEUE,
        Unconsumed(aws.QUEUE_VISIBLE, sqs.RECEIVED, 0, 15 * MINUTE),
        10 * MINUTE,
        "Nothing receives the messages of a work queue.",
        "{value} messages wait in queue {queue}, and none was received in a quarter of an hour "
        "(threshold {threshold}).",
        "A consumer that runs receives what waits. After hours without messages CloudWatch may "
        "tell of the first ones up to 15 minutes late, which window and waiting time allow for.",
        "queues/waiting",
    ),
    Alert(
        "SqsBacklogOld",
        Severity.WARNING,
        About.WORK_QUEUE,
        OnWorkQueue(Above(aws.QUEUE_OLDEST_AGE, 15 * MINUTE, "seconds")),
        5 * MINUTE,
        "The messages of a work queue wait too long.",
        "The oldest message in queue {queue} is {value} old (threshold {threshold}).",
        "Consumers that keep up leave no message for a quarter of an hour. What is late depends on "
        "the queue: override the threshold per queue.",
        "queues/age",
    ),
    Alert(
        "SqsInFlightNearLimit",
        Severity.WARNING,
        About.WORK_QUEUE,
        OnWorkQueue(Above(sqs.QUEUE_IN_FLIGHT, 96_000, "messages")),
        5 * MINUTE,
        "A work queue is close to the limit of messages in flight.",
        "{value} messages of queue {queue} are in flight (threshold {threshold}).",
        "SQS allows about 120,000 messages in flight in a queue, standard or FIFO, unless AWS has "
        "raised the limit. At the limit no further message is received. The threshold is four "
        "fifths of it.",
        "queues/in_flight",
    ),
)
