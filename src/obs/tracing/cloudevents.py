"""CloudEvents by themselves: a structured event, an event of the CloudEvents SDK, or headers."""

from collections.abc import Mapping
from typing import Any

from obs.tracing.message import Message, carried_by, cloudevent, first_text, picked
from obs.tracing.names import SYSTEM_CLOUDEVENTS, SYSTEM_OTHER


def read(message: object) -> Message | None:
    """A CloudEvent: its attributes in a mapping, or an object of the SDK; None where it is none."""
    attributes = _attributes(message)
    if attributes is None:
        return None
    return Message(
        SYSTEM_CLOUDEVENTS,
        carried_by(picked(attributes)),
        None,
        first_text((attributes.get("id"),)),
        cloudevent(attributes, ""),
    )


def read_headers(message: object) -> Message | None:
    """Any headers: of a CloudEvent in binary mode, or of a library that is not known here."""
    headers = message if isinstance(message, Mapping) else getattr(message, "headers", None)
    if not isinstance(headers, Mapping):
        return None
    found = picked(headers)
    event = cloudevent(found, "ce-", "ce_")
    system = SYSTEM_CLOUDEVENTS if event else SYSTEM_OTHER
    message_id = first_text(found.get(name) for name in ("ce-id", "ce_id"))
    return Message(system, carried_by(found), None, message_id, event)


def _attributes(message: object) -> Mapping[str, Any] | None:
    if isinstance(message, Mapping):
        return message if "specversion" in message else None
    known = getattr(message, "get_attributes", None)
    if not callable(known):
        return None
    extensions = getattr(message, "get_extensions", None)
    return {**known(), **(extensions() if callable(extensions) else {})}
