"""Names of OpenTelemetry's semantic conventions for messaging, and the few that they lack.

The conventions know no values of `messaging.system` for NATS and EventBridge: these two are made
as theirs are.
"""

from typing import Final

SYSTEM: Final = "messaging.system"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
DESTINATION: Final = "messaging.destination.name"
DESTINATION_TEMPLATE: Final = "messaging.destination.template"
DESTINATION_TEMPORARY: Final = "messaging.destination.temporary"
SUBSCRIPTION: Final = "messaging.destination.subscription.name"
CONSUMER_GROUP: Final = "messaging.consumer.group.name"
MESSAGE_ID: Final = "messaging.message.id"
MESSAGE_COUNT: Final = "messaging.batch.message_count"
QUEUE_URL: Final = "aws.sqs.queue.url"
CLOUDEVENT_ID: Final = "cloudevents.event_id"
CLOUDEVENT_SOURCE: Final = "cloudevents.event_source"
CLOUDEVENT_TYPE: Final = "cloudevents.event_type"
ERROR_TYPE: Final = "error.type"

SYSTEM_NATS: Final = "nats"
SYSTEM_SQS: Final = "aws_sqs"
SYSTEM_EVENTBRIDGE: Final = "aws_eventbridge"
SYSTEM_CLOUDEVENTS: Final = "cloudevents"
"""Of a CloudEvent that came by a way nobody told."""
SYSTEM_OTHER: Final = "_OTHER"

TYPE_CREATE: Final = "create"
TYPE_SEND: Final = "send"
TYPE_RECEIVE: Final = "receive"
TYPE_PROCESS: Final = "process"

NATS_STREAM: Final = "messaging.nats.stream"
NATS_DELIVERY_ATTEMPT: Final = "messaging.nats.message.delivery_attempt"
"""1 at the first delivery."""

OPERATION_DURATION: Final = "messaging.client.operation.duration"
PROCESS_DURATION: Final = "messaging.process.duration"
SENT_MESSAGES: Final = "messaging.client.sent.messages"
CONSUMED_MESSAGES: Final = "messaging.client.consumed.messages"
MALFORMED_CONTEXTS: Final = "obs.tracing.malformed.contexts"
"""A counter: fields of trace context that could not be read."""

MALFORMED_EVENT: Final = "obs.tracing.malformed_context"
"""A span event, with the two attributes that follow."""
MALFORMED_FIELD: Final = "obs.tracing.field"
MALFORMED_REASON: Final = "obs.tracing.reason"
BARE_TRACE_ID: Final = "obs.tracing.bare_trace_id"
"""True where the message had a trace id only, so that the parent is a span nobody recorded."""
