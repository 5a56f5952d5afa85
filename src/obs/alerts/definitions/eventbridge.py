"""Alerts on EventBridge rules and on their dead-letter queues."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.condition import Above, ErrorRate, Increase, Quiet
from obs.catalogue import aws

ALERTS: Final = (
    Alert(
        "EventBridgeFailedInvocations",
        Severity.CRITICAL,
        About.RULE,
        Increase(aws.FAILED_INVOCATIONS, 5, 5 * MINUTE),
        0,
        "Events do not reach a rule's target.",
        "{value} invocations of rule {rule} on bus {bus} failed for good in {window}; agreed are "
        "{threshold}.",
        "An invocation counts as failed when every retry has failed; more than five in five "
        "minutes is no accident.",
        "eventbridge/failed",
    ),
    Alert(
        "EventBridgeErrorRateHigh",
        Severity.CRITICAL,
        About.RULE,
        ErrorRate(aws.FAILED_INVOCATIONS, aws.INVOCATIONS, 10, 15 * MINUTE, 10),
        0,
        "A large share of a rule's invocations fails.",
        "{value} of the invocations of rule {rule} on bus {bus} failed in {window}; agreed are "
        "{threshold}.",
        "One in ten is felt by users. From ten invocations on, so that one failure in a quiet "
        "hour is no alarm.",
        "eventbridge/error_rate",
    ),
    Alert(
        "EventBridgeInvocationsLow",
        Severity.WARNING,
        About.RULE,
        Quiet(aws.INVOCATIONS, 1, 15 * MINUTE),
        0,
        "A rule that should be busy matches nothing.",
        "Rule {rule} on bus {bus} was invoked {value} times in {window}; expected is at least "
        "{threshold}.",
        "A quarter of an hour without an event means that nobody publishes or that the pattern "
        "matches no more. Disable it for rules that are quiet by nature.",
        "eventbridge/invocations",
    ),
    Alert(
        "EventBridgeRetriesRising",
        Severity.WARNING,
        About.RULE,
        Increase(aws.RETRIES, 20, 15 * MINUTE),
        0,
        "A rule's target fails often enough to be tried again.",
        "Invocations of rule {rule} on bus {bus} were retried {value} times in {window}.",
        "Retries come before failures: a handful is normal, twenty are a target in trouble.",
        "eventbridge/retries",
    ),
    Alert(
        "EventBridgeRuleThrottled",
        Severity.WARNING,
        About.RULE,
        Increase(aws.THROTTLED_RULES, 0, 5 * MINUTE),
        5 * MINUTE,
        "AWS throttles a rule.",
        "Rule {rule} on bus {bus} was throttled {value} times in {window}.",
        "Throttled events are late and not lost; over five minutes the account's quota is too "
        "small.",
        "eventbridge/throttled",
    ),
    Alert(
        "EventBridgeDeadLettered",
        Severity.WARNING,
        About.RULE,
        Increase(aws.DEAD_LETTERED, 0, 15 * MINUTE),
        0,
        "Events went to the dead-letter queue.",
        "{value} events of rule {rule} on bus {bus} went to its dead-letter queue in {window}.",
        "Each of them has to be replayed by somebody.",
        "eventbridge/dead_lettered",
    ),
    Alert(
        "EventBridgeDeadLetterFailing",
        Severity.CRITICAL,
        About.RULE,
        Increase(aws.DEAD_LETTER_FAILURES, 0, 15 * MINUTE),
        0,
        "Events are lost: not even the dead-letter queue takes them.",
        "{value} events of rule {rule} on bus {bus} could not be sent to the dead-letter queue in "
        "{window}.",
        "These events are gone for good; usually the queue's policy or key is wrong.",
        "eventbridge/dead_letter_failures",
    ),
    Alert(
        "SqsDeadLettersWaiting",
        Severity.WARNING,
        About.QUEUE,
        Above(aws.QUEUE_VISIBLE, 0, "messages"),
        5 * MINUTE,
        "A dead-letter queue is not empty.",
        "{value} messages wait in queue {queue}.",
        "What lies there was not processed; five minutes leave time for an automatic replay.",
        "eventbridge/queue",
    ),
    Alert(
        "SqsDeadLettersOld",
        Severity.CRITICAL,
        About.QUEUE,
        Above(aws.QUEUE_OLDEST_AGE, 24 * HOUR, "seconds"),
        15 * MINUTE,
        "Nobody has looked at a dead-letter queue for long.",
        "The oldest message in queue {queue} has waited {value}.",
        "SQS deletes messages after four days unless told otherwise; after one somebody must look.",
        "eventbridge/queue_age",
    ),
)
