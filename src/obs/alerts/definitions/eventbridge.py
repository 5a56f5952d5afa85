"""Alerts on EventBridge rules, on their dead-letter queues and on work queues."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, ErrorRate, Increase, OnDeadLetterQueue, Quiet
from obs.alerts.definitions import aws_pipes, aws_targets, work_queues
from obs.catalogue import aws

ALERTS: Final = (
    Alert(
        "EventBridgeFailedInvocations",
        Severity.CRITICAL,
        About.RULE,
        Increase(aws.FAILED_INVOCATIONS, 5, 5 * MINUTE),
        0,
        "Events are not reaching a rule's target.",
        "{value} invocations of rule {rule} on bus {bus} failed after all retries in the last "
        "{window} (threshold {threshold}).",
        "EventBridge counts an invocation as failed only after the last retry. More than five in "
        "five minutes are not isolated errors.",
        "eventbridge/failed",
    ),
    Alert(
        "EventBridgeErrorRateHigh",
        Severity.CRITICAL,
        About.RULE,
        ErrorRate(aws.FAILED_INVOCATIONS, aws.INVOCATIONS, 10, 15 * MINUTE, 10),
        0,
        "A rule's error rate is high.",
        "{value} of the invocations of rule {rule} on bus {bus} failed in the last {window} "
        "(threshold {threshold}).",
        "Users notice when one event in ten fails. At least ten invocations are required, so that "
        "a single failure in a quiet period does not alert.",
        "eventbridge/error_rate",
    ),
    Alert(
        "EventBridgeInvocationsLow",
        Severity.WARNING,
        About.RULE,
        Quiet(aws.INVOCATIONS, 1, 15 * MINUTE),
        0,
        "A rule that normally receives events has too few invocations.",
        "Rule {rule} on bus {bus} had {value} invocations in the last {window} (expected: at "
        "least {threshold}).",
        "15 minutes without an event mean that nothing is published or that the event pattern no "
        "longer matches. Disable this alert for rules that are normally quiet.",
        "eventbridge/invocations",
    ),
    Alert(
        "EventBridgeRetriesRising",
        Severity.WARNING,
        About.RULE,
        Increase(aws.RETRIES, 20, 15 * MINUTE),
        0,
        "A rule's target is failing, so EventBridge retries its invocations.",
        "Invocations of rule {rule} on bus {bus} were retried {value} times in the last {window} "
        "(threshold {threshold}).",
        "Retries precede failures. A few are normal; more than 20 mean that the target is failing "
        "or throttling.",
        "eventbridge/retries",
    ),
    Alert(
        "EventBridgeRuleThrottled",
        Severity.WARNING,
        About.RULE,
        Increase(aws.THROTTLED_RULES, 0, 5 * MINUTE),
        5 * MINUTE,
        "EventBridge is throttling a rule.",
        "Throttled invocations of rule {rule} on bus {bus} in the last {window}: {value} "
        "(threshold {threshold}).",
        "Throttled events are delayed, not lost. Throttling for more than five minutes means that "
        "the account's quota is too low.",
        "eventbridge/throttled",
    ),
    Alert(
        "EventBridgeDeadLettered",
        Severity.WARNING,
        About.RULE,
        Increase(aws.DEAD_LETTERED, 0, 15 * MINUTE),
        0,
        "Events were sent to a rule's dead-letter queue.",
        "Events of rule {rule} on bus {bus} sent to the dead-letter queue in the last {window}: "
        "{value} (threshold {threshold}).",
        "A dead-lettered event stays undelivered until it is replayed.",
        "eventbridge/dead_lettered",
    ),
    Alert(
        "EventBridgeDeadLetterFailing",
        Severity.CRITICAL,
        About.RULE,
        Increase(aws.DEAD_LETTER_FAILURES, 0, 15 * MINUTE),
        0,
        "Events are lost: EventBridge cannot send them to the dead-letter queue.",
        "Events of rule {rule} on bus {bus} lost in the last {window} because the dead-letter "
        "queue did not accept them: {value} (threshold {threshold}).",
        "EventBridge drops these events. The usual cause is the queue's resource policy or its "
        "KMS key.",
        "eventbridge/dead_letter_failures",
    ),
    Alert(
        "SqsDeadLettersWaiting",
        Severity.WARNING,
        About.QUEUE,
        OnDeadLetterQueue(Above(aws.QUEUE_VISIBLE, 0, "messages")),
        5 * MINUTE,
        "A dead-letter queue is not empty.",
        "Messages in queue {queue}: {value} (threshold {threshold}).",
        "Messages in a dead-letter queue were not processed. Five minutes leave time for an "
        "automatic redrive.",
        "eventbridge/queue",
    ),
    Alert(
        "SqsDeadLettersOld",
        Severity.CRITICAL,
        About.QUEUE,
        OnDeadLetterQueue(Above(aws.QUEUE_OLDEST_AGE, 24 * HOUR, "seconds")),
        15 * MINUTE,
        "The messages in a dead-letter queue are close to expiring.",
        "The oldest message in queue {queue} is {value} old (threshold {threshold}).",
        "By default SQS deletes messages after four days. After one day there is still time to "
        "replay them.",
        "eventbridge/queue_age",
    ),
    *work_queues.ALERTS,
    *aws_targets.ALERTS,
    *aws_pipes.ALERTS,
)
