"""What a message is, and the attributes by which spans and metrics describe it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from obs.tracing.cloudevents import read as cloudevents_read
from obs.tracing.cloudevents import read_headers
from obs.tracing.context import Carried
from obs.tracing.eventbridge import read as eventbridge_read
from obs.tracing.message import Attributes, Endpoint, Message
from obs.tracing.names import (
    DESTINATION,
    DESTINATION_TEMPLATE,
    DESTINATION_TEMPORARY,
    MESSAGE_COUNT,
    MESSAGE_ID,
    OPERATION_NAME,
    OPERATION_TYPE,
    SYSTEM,
    SYSTEM_CLOUDEVENTS,
    SYSTEM_OTHER,
)
from obs.tracing.nats import read as nats_read
from obs.tracing.sqs import read as sqs_read

_READERS: Final[tuple[Callable[[object], Message | None], ...]] = (
    nats_read,
    sqs_read,
    eventbridge_read,
    cloudevents_read,
    read_headers,
)
"""One for each kind of message; the first that knows a message counts."""


def known(message: object) -> Message:
    """What is to be known of a message; nothing where its kind is unknown or it cannot be read."""
    try:
        for reader in _READERS:
            found = reader(message)
            if found is not None:
                return found
    except Exception:  # noqa: BLE001  a message may be anything; tracing must not end its handling
        return Message(SYSTEM_OTHER, Carried(readable=False))
    return Message(SYSTEM_OTHER)


def sending(to: Endpoint[Any], operation: str, kind: str) -> Attributes:
    """Of an operation on messages for an endpoint."""
    return basics(to.system, operation, kind, to.target) | to.attributes()


def receiving(
    message: Message, source: Endpoint[Any] | None, operation: str, kind: str
) -> Attributes:
    """Of a message, as far as it tells, and what the source adds."""
    system, target = message.system, message.target
    if source is not None:
        told = system not in {SYSTEM_OTHER, SYSTEM_CLOUDEVENTS}
        system = system if told else source.system
        target = target or source.target
    attributes = basics(system, operation, kind, target)
    if source is not None:
        attributes |= source.attributes()
    return attributes | message.attributes


def of_all(
    messages: Sequence[Message], source: Endpoint[Any] | None, operation: str, kind: str
) -> Attributes:
    """What all messages of a batch have in common; the source names them, where it is told."""
    system = source.system if source is not None else SYSTEM_OTHER
    if messages:
        system = messages[0].system
    common = in_common(messages)
    told = common.pop(DESTINATION, None)
    target = None if source is None else source.target
    if target is None and told is not None:
        target = str(told)
    together = Message(system, target=target, attributes=common)
    return receiving(together, source, operation, kind) | {MESSAGE_COUNT: len(messages)}


def in_common(messages: Sequence[Message]) -> Attributes:
    """Those facts that are the same of every message."""
    if not messages:
        return {}
    facts = [facts_of(message) for message in messages]
    return {
        name: value
        for name, value in facts[0].items()
        if all(each.get(name) == value for each in facts[1:])
    }


def facts_of(message: Message) -> Attributes:
    """What a message tells of itself, but its id."""
    facts = dict(message.attributes)
    put(facts, DESTINATION, message.target)
    return facts


def basics(system: str, operation: str, kind: str, target: str | None) -> Attributes:
    """What every span says."""
    attributes: Attributes = {
        SYSTEM: system,
        OPERATION_NAME: operation,
        OPERATION_TYPE: kind,
    }
    put(attributes, DESTINATION, target)
    return attributes


def put(attributes: Attributes, name: str, value: str | int | bool | None) -> None:
    """Set an attribute, unless there is no value."""
    if value is not None:
        attributes[name] = value


def identity(message_id: str | None) -> Attributes:
    """The id of a message, for a link to it."""
    return {} if message_id is None else {MESSAGE_ID: message_id}


def span_name(attributes: Mapping[str, Any]) -> str:
    """Operation and destination, if its name is of low cardinality."""
    operation: str = attributes[OPERATION_NAME]
    target = attributes.get(DESTINATION_TEMPLATE)
    if target is None and not attributes.get(DESTINATION_TEMPORARY):
        target = attributes.get(DESTINATION)
    return operation if target is None else f"{operation} {target}"


def type_of(error: BaseException) -> str:
    """The full name of an error's class, without its module where that is `builtins`."""
    kind = type(error)
    plain = kind.__module__ == "builtins"
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"
