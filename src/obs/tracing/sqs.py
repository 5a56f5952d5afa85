"""SQS: trace context in message attributes, in what EventBridge or SNS put into the body, and in
X-Ray's header."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from obs.tracing.context import BAGGAGE, TRACEPARENT, TRACESTATE, Carried, xray_header
from obs.tracing.eventbridge import read as eventbridge_read
from obs.tracing.message import (
    Attributes,
    Endpoint,
    Message,
    carried_by,
    document,
    first_text,
    picked,
)
from obs.tracing.names import QUEUE_URL, SYSTEM_SQS

_ATTRIBUTES: Final = "MessageAttributes"
_SYSTEM_ATTRIBUTES: Final = "MessageSystemAttributes"
_XRAY: Final = "AWSTraceHeader"
_MOST_ATTRIBUTES: Final = 10  # of a message
_TEXTS: Final = ("StringValue", "stringValue", "Value")
_RECEIVED: Final = ({"ReceiptHandle", "MessageId"}, {"receiptHandle", "messageId"})


@dataclass(frozen=True)
class Sqs(Endpoint[dict[str, Any]]):
    """A queue. A message is the arguments of SendMessage without `QueueUrl`, or an entry of
    SendMessageBatch.

    With `xray` it gets the system attribute `AWSTraceHeader` too, which X-Ray follows.
    """

    queue_url: str | None = None
    xray: bool = False

    system = SYSTEM_SQS

    @property
    def target(self) -> str | None:
        """The queue's name."""
        return None if self.queue_url is None else self.queue_url.rpartition("/")[2]

    def attributes(self) -> Attributes:
        """The queue's URL."""
        return {} if self.queue_url is None else {QUEUE_URL: self.queue_url}

    def copy(self, message: dict[str, Any] | None) -> dict[str, Any]:
        """A copy of the message and of its attributes."""
        copied = {} if message is None else dict(message)
        for name in (_ATTRIBUTES, _SYSTEM_ATTRIBUTES):
            if isinstance(copied.get(name), Mapping):
                copied[name] = dict(copied[name])
        return copied

    def carried(self, message: dict[str, Any]) -> Carried:
        """What the message's attributes carry."""
        return carried_by(picked(_texts(message.get(_ATTRIBUTES))))

    def insert(self, message: dict[str, Any], fields: Mapping[str, str]) -> None:
        """Add attributes while there are fewer than SQS allows: traceparent first, baggage last."""
        attributes = message.setdefault(_ATTRIBUTES, {})
        for name in (TRACEPARENT, TRACESTATE, BAGGAGE):
            if name in fields and (name in attributes or len(attributes) < _MOST_ATTRIBUTES):
                attributes[name] = {"DataType": "String", "StringValue": fields[name]}
        if self.xray and TRACEPARENT in fields:
            header = {"DataType": "String", "StringValue": xray_header(fields[TRACEPARENT])}
            message.setdefault(_SYSTEM_ATTRIBUTES, {}).setdefault(_XRAY, header)


def read(message: object) -> Message | None:
    """A message of ReceiveMessage, or a record that Lambda hands over; None where it is neither."""
    if not isinstance(message, Mapping) or not any(keys <= message.keys() for keys in _RECEIVED):
        return None
    system = message.get("Attributes") or message.get("attributes") or {}
    fields = picked(_texts(message.get(_ATTRIBUTES) or message.get("messageAttributes")))
    if TRACEPARENT not in fields:
        fields = picked(_body_fields(message.get("Body") or message.get("body"))) | fields
    known = carried_by(fields)
    arn = first_text((message.get("eventSourceARN"),))
    return Message(
        SYSTEM_SQS,
        Carried(known.parents, known.tracestate, known.baggage, system.get(_XRAY)),
        None if arn is None else arn.rpartition(":")[2],
        first_text((message.get("MessageId"), message.get("messageId"))),
    )


def _texts(attributes: object) -> dict[Any, object]:
    """Message attributes as names and texts: of ReceiveMessage, of Lambda's records, or of SNS."""
    if not isinstance(attributes, Mapping):
        return {}
    return {
        name: next((value[key] for key in _TEXTS if value.get(key)), None)
        for name, value in attributes.items()
        if isinstance(value, Mapping)
    }


def _body_fields(body: object) -> Mapping[Any, Any]:
    """Where the body is an event of EventBridge its detail, a notification of SNS its message
    attributes, else what the body itself has, as a CloudEvent does."""
    found = document(body)
    if found is None:
        return {}
    if eventbridge_read(found) is not None:
        detail = found.get("detail")
        return detail if isinstance(detail, Mapping) else {}
    if found.get("Type") == "Notification":
        return _texts(found.get(_ATTRIBUTES)) or document(found.get("Message")) or {}
    return found
