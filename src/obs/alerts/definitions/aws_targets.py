"""Alerts on what is published to EventBridge, and on Lambda functions and SNS topics."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, ErrorRate, Increase, Share
from obs.catalogue import aws_functions as functions
from obs.catalogue import aws_put_events as put_events
from obs.catalogue import aws_topics as topics

_PUBLISHING: Final = About("aws", put_events.PUBLISHING)
_FUNCTION: Final = About("function", functions.FUNCTION)
_TOPIC: Final = About("topic", topics.TOPIC)

ALERTS: Final = (
    Alert(
        "EventBridgePutEventsFailing",
        Severity.CRITICAL,
        _PUBLISHING,
        Increase(put_events.FAILED_ENTRIES, 5, 5 * MINUTE),
        0,
        "Events are not published: EventBridge rejects entries of PutEvents requests.",
        "In the account of source {aws}, {value} events were not published in the last {window} "
        "(threshold {threshold}).",
        "A PutEvents request succeeds although some of its entries fail, and a publisher that does "
        "not look at FailedEntryCount loses them. More than five in five minutes are not isolated "
        "errors.",
        "targets/put_events_failed",
    ),
    Alert(
        "EventBridgePutEventsThrottled",
        Severity.WARNING,
        _PUBLISHING,
        Increase(put_events.THROTTLED_REQUESTS, 0, 5 * MINUTE),
        5 * MINUTE,
        "EventBridge is throttling the account's PutEvents requests.",
        "Throttled PutEvents requests in the account of source {aws} in the last {window}: {value} "
        "(threshold {threshold}).",
        "AWS SDKs try throttled requests again, so a burst delays events. Throttling for more than "
        "five minutes means that the account's quota is too low, and publishers give up.",
        "targets/put_events_throttled",
    ),
    Alert(
        "LambdaErrorRateHigh",
        Severity.CRITICAL,
        _FUNCTION,
        ErrorRate(functions.ERRORS, functions.INVOCATIONS, 10, 15 * MINUTE, 10),
        0,
        "A Lambda function's error rate is high.",
        "{value} of the invocations of function {function} failed in the last {window} (threshold "
        "{threshold}).",
        "Lambda tries a queued event three times, so an error rate of 10 % can still deliver "
        "everything; a higher one rarely does. At least ten invocations are required, so that a "
        "single error in a quiet period does not alert.",
        "targets/function_error_rate",
    ),
    Alert(
        "LambdaThrottled",
        Severity.WARNING,
        _FUNCTION,
        Increase(functions.THROTTLES, 0, 5 * MINUTE),
        5 * MINUTE,
        "Lambda is throttling a function.",
        "Throttled invocations of function {function} in the last {window}: {value} (threshold "
        "{threshold}).",
        "Lambda tries throttled events again for up to six hours, so a burst delays them. Five "
        "minutes of throttling mean that the concurrency is too low for the load.",
        "targets/function_throttles",
    ),
    Alert(
        "LambdaNearTimeout",
        Severity.WARNING,
        _FUNCTION,
        Share(functions.DURATION_MAX, functions.TIMEOUT, 90),
        5 * MINUTE,
        "A Lambda function's invocations last almost as long as they may.",
        "An invocation of function {function} took {value} of the time after which Lambda ends it "
        "(threshold {threshold}).",
        "Lambda ends an invocation at its timeout wherever it is, and what it has done so far "
        "stays done. Five minutes of such invocations are no single slow call.",
        "targets/function_timeout_used",
    ),
    Alert(
        "LambdaAsyncEventsOld",
        Severity.WARNING,
        _FUNCTION,
        Above(functions.ASYNC_AGE_MAX, 10 * MINUTE, "seconds"),
        5 * MINUTE,
        "Events wait too long for a Lambda function.",
        "An event waited {value} for function {function} (threshold {threshold}).",
        "The retries of a failed event end about three minutes after the first attempt. An event "
        "that waits longer than ten minutes is throttled, and Lambda drops it after six hours "
        "unless the function sets a shorter limit.",
        "targets/function_async_age",
    ),
    Alert(
        "LambdaAsyncEventsDropped",
        Severity.CRITICAL,
        _FUNCTION,
        Increase(functions.ASYNC_DROPPED, 0, 15 * MINUTE),
        0,
        "Lambda dropped events that its function did not process.",
        "Events that Lambda dropped for function {function} in the last {window}: {value} "
        "(threshold {threshold}).",
        "A dropped event is lost unless the function has a dead-letter queue or a destination for "
        "failures, and stays unprocessed until it is replayed from there.",
        "targets/function_dropped",
    ),
    Alert(
        "LambdaDeadLetterFailing",
        Severity.CRITICAL,
        _FUNCTION,
        Increase(functions.DEAD_LETTER_ERRORS, 0, 15 * MINUTE),
        0,
        "Events are lost: Lambda cannot send them to the function's dead-letter queue.",
        "Events of function {function} lost in the last {window} because the dead-letter queue did "
        "not accept them: {value} (threshold {threshold}).",
        "Lambda drops these events. The usual cause is that the function's role may not send to "
        "the queue or the topic.",
        "targets/function_dead_letter_errors",
    ),
    Alert(
        "LambdaDestinationFailing",
        Severity.CRITICAL,
        _FUNCTION,
        Increase(functions.DESTINATION_FAILURES, 0, 15 * MINUTE),
        0,
        "Lambda cannot send results or failed events to the function's destination.",
        "Events that function {function} could not send to its destination in the last {window}: "
        "{value} (threshold {threshold}).",
        "A failed event that does not reach its destination is lost. The usual cause is that the "
        "function's role may not send to the destination, or that the event is too large for it.",
        "targets/function_destination_failures",
    ),
    Alert(
        "SnsNotificationsFailing",
        Severity.CRITICAL,
        _TOPIC,
        Increase(topics.FAILED, 5, 15 * MINUTE),
        0,
        "Messages do not reach the subscribers of an SNS topic.",
        "{value} notifications of topic {topic} failed after all retries in the last {window} "
        "(threshold {threshold}).",
        "SNS counts a notification as failed only after the last retry; without a dead-letter "
        "queue at the subscription it is lost. More than five in 15 minutes are not isolated "
        "errors.",
        "targets/topic_failed",
    ),
    Alert(
        "SnsDeadLetterFailing",
        Severity.CRITICAL,
        _TOPIC,
        Increase(topics.DEAD_LETTER_FAILURES, 0, 15 * MINUTE),
        0,
        "Messages are lost: SNS cannot send them to a subscription's dead-letter queue.",
        "Notifications of topic {topic} lost in the last {window} because the dead-letter queue "
        "did not accept them: {value} (threshold {threshold}).",
        "SNS drops these messages. The usual cause is the queue's resource policy or its KMS key.",
        "targets/topic_dead_letter_failures",
    ),
)
