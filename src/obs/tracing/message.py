"""What the spans need to know of a message, and of where messages go or come from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from obs.tracing.context import BAGGAGE, TRACEPARENT, TRACESTATE, Carried
from obs.tracing.names import CLOUDEVENT_ID, CLOUDEVENT_SOURCE, CLOUDEVENT_TYPE, SYSTEM_OTHER

T = TypeVar("T")
Value = str | int | bool
Attributes = dict[str, Value]

_PARENTS: Final = (TRACEPARENT, "ce-traceparent", "ce_traceparent")
_WANTED: Final = frozenset(
    {
        *_PARENTS,
        *(TRACESTATE, "ce-tracestate", "ce_tracestate", BAGGAGE),
        *("nats-msg-id", "ce-id", "ce_id", "ce-source", "ce_source", "ce-type", "ce_type"),
    }
)
_MOST_TEXT: Final = 256  # characters of an id or a type
_MOST_DOCUMENT: Final = 1 << 20  # characters; no message of AWS is longer


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was received; `target` is where it was sent to, as far as it tells."""

    system: str
    carried: Carried = field(default_factory=Carried)
    target: str | None = None
    message_id: str | None = None
    attributes: Attributes = field(default_factory=dict)


class Endpoint(Generic[T]):
    """Where messages go to or come from. T is what a library takes when it sends one."""

    system: str = SYSTEM_OTHER
    sending: str = "send"
    receiving: str = "receive"

    @property
    def target(self) -> str | None:
        """What messages are sent to."""
        raise NotImplementedError

    def attributes(self) -> Attributes:
        """What spans and metrics say of it, beside system and target; of low cardinality."""
        return {}

    def copy(self, message: T | None) -> T:
        """A copy of a message, so that the caller's is never changed."""
        raise NotImplementedError

    def carried(self, message: T) -> Carried:
        """The trace context that a message has already."""
        raise NotImplementedError

    def insert(self, message: T, fields: Mapping[str, str]) -> None:
        """Write fields of trace context into a copied message."""
        raise NotImplementedError

    def message_id(self, message: T) -> str | None:
        """The message's id, where the sender chooses it."""
        del message
        return None


def picked(headers: Mapping[Any, Any]) -> dict[str, object]:
    """The headers that matter here, by their names in lower case."""
    found = {}
    for name, value in headers.items():
        if isinstance(name, str) and (lower := name.lower()) in _WANTED:
            found[lower] = value[0] if isinstance(value, list) and value else value
    return found


def carried_by(headers: Mapping[str, object]) -> Carried:
    """The trace context in headers whose names are in lower case.

    `traceparent`, of the last sender, counts before the CloudEvents extension.
    """
    parents = tuple((name, headers[name]) for name in _PARENTS if headers.get(name) is not None)
    state = headers.get(TRACESTATE) or headers.get("ce-tracestate") or headers.get("ce_tracestate")
    return Carried(parents, state, headers.get(BAGGAGE))


def cloudevent(headers: Mapping[str, object], *prefixes: str) -> Attributes:
    """Attributes of a CloudEvent, from its own attributes under one of the prefixes."""
    found: Attributes = {}
    for key, attribute in (
        ("id", CLOUDEVENT_ID),
        ("source", CLOUDEVENT_SOURCE),
        ("type", CLOUDEVENT_TYPE),
    ):
        value = first_text(headers.get(prefix + key) for prefix in prefixes)
        if value is not None:
            found[attribute] = value
    return found


def first_text(values: Iterable[object]) -> str | None:
    """The first that is text and not empty; cut, and fit for export, whatever a sender wrote."""
    for value in values:
        if isinstance(value, str) and value:
            text = value[:_MOST_TEXT]
            return text if text.isascii() else text.encode("utf-8", "replace").decode()
    return None


def document(text: object) -> Mapping[str, Any] | None:
    """The JSON object of a text that mentions a traceparent; None where it is none."""
    if isinstance(text, (bytes, bytearray)):
        text = text.decode("utf-8", "replace")
    if not isinstance(text, str) or TRACEPARENT not in text or len(text) > _MOST_DOCUMENT:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
