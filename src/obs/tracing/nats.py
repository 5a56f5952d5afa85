"""NATS and JetStream: trace context in headers, as nats-py and FastStream have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from obs.tracing.context import TRACEPARENT, TRACESTATE, Carried, parse_parent
from obs.tracing.message import Attributes, Endpoint, Message, carried_by, cloudevent, first_text
from obs.tracing.message import picked as headers_of
from obs.tracing.names import (
    CONSUMER_GROUP,
    DESTINATION_TEMPLATE,
    DESTINATION_TEMPORARY,
    NATS_DELIVERY_ATTEMPT,
    NATS_STREAM,
    SUBSCRIPTION,
    SYSTEM_NATS,
)

_ACK: Final = "$JS.ACK."
_WITHOUT_DOMAIN: Final = 9  # tokens of the reply subject of JetStream, and two more in
_WITH_DOMAIN: Final = 11  # at least
_INBOX: Final = "_INBOX."


@dataclass(frozen=True)
class Nats(Endpoint[dict[str, str]]):
    """A subject of NATS. A message is its headers.

    Where subjects hold ids, give a `template` (`orders.{id}.created`), which then names spans and
    metrics. `queue` is the queue group of a subscription, `consumer` and `stream` those of
    JetStream; a message of JetStream tells them itself.
    """

    subject: str | None = None
    template: str | None = None
    queue: str | None = None
    stream: str | None = None
    consumer: str | None = None

    system = SYSTEM_NATS
    sending = "publish"
    receiving = "fetch"

    @property
    def target(self) -> str | None:
        """The subject; the stream where messages of all its subjects are received."""
        return self.subject or self.stream

    def attributes(self) -> Attributes:
        """Template, queue group, stream and consumer."""
        found = {
            DESTINATION_TEMPLATE: self.template,
            CONSUMER_GROUP: self.queue,
            NATS_STREAM: self.stream,
            SUBSCRIPTION: self.consumer,
        }
        return {name: value for name, value in found.items() if value is not None}

    def copy(self, message: dict[str, str] | None) -> dict[str, str]:
        """A copy of the headers."""
        return {} if message is None else dict(message)

    def carried(self, message: dict[str, str]) -> Carried:
        """What the headers carry."""
        return carried_by(headers_of(message))

    def insert(self, message: dict[str, str], fields: Mapping[str, str]) -> None:
        """Set headers; of a CloudEvent also its extension, unless it has one that can be read."""
        stale = [name for name in message if name.lower() in fields]
        for name in stale:
            del message[name]
        message |= fields
        prefix = next((name[:3] for name in message if name.startswith(("ce-", "ce_"))), None)
        if prefix is not None:
            _extend(message, prefix, fields)

    def message_id(self, message: dict[str, str]) -> str | None:
        """The id by which JetStream finds duplicates, or the CloudEvent's."""
        return _message_id(headers_of(message))


def read(message: object) -> Message | None:
    """A message of nats-py, or of FastStream's broker for NATS; None where it is neither."""
    raw = getattr(message, "raw_message", message)
    subject, reply = getattr(raw, "subject", None), getattr(raw, "reply", None)
    if not isinstance(subject, str) or not isinstance(reply, str):
        return None
    headers = getattr(raw, "headers", None)
    picked: Mapping[str, object] = headers_of(headers) if isinstance(headers, Mapping) else {}
    attributes = cloudevent(picked, "ce-", "ce_")
    _add_jetstream(attributes, reply)
    if subject.startswith(_INBOX):
        attributes[DESTINATION_TEMPORARY] = True
    return Message(SYSTEM_NATS, carried_by(picked), subject, _message_id(picked), attributes)


def _extend(message: dict[str, str], prefix: str, fields: Mapping[str, str]) -> None:
    if isinstance(parse_parent(message.get(prefix + TRACEPARENT)), str):
        for name in (TRACEPARENT, TRACESTATE):
            if name in fields:
                message[prefix + name] = fields[name]


def _message_id(headers: Mapping[str, Any]) -> str | None:
    return first_text(headers.get(name) for name in ("nats-msg-id", "ce-id", "ce_id"))


def _add_jetstream(attributes: Attributes, reply: str) -> None:
    """Stream, consumer and delivery, which the reply subject of a message of JetStream tells."""
    if not reply.startswith(_ACK):
        return
    tokens = reply.split(".")
    first = 2 if len(tokens) == _WITHOUT_DOMAIN else 4 if len(tokens) >= _WITH_DOMAIN else None
    if first is None:
        return
    attributes[NATS_STREAM] = tokens[first]
    attributes[SUBSCRIPTION] = tokens[first + 1]
    if tokens[first + 2].isdecimal():
        attributes[NATS_DELIVERY_ATTEMPT] = int(tokens[first + 2])
