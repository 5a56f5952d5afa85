"""EventBridge: trace context in the event's detail, and in X-Ray's header."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from obs.tracing.context import TRACEPARENT, Carried, xray_header
from obs.tracing.json_text import with_members
from obs.tracing.message import (
    Endpoint,
    Message,
    carried_by,
    cloudevent,
    document,
    first_text,
    picked,
)
from obs.tracing.names import SYSTEM_EVENTBRIDGE

_DETAIL: Final = "Detail"
_XRAY: Final = "TraceHeader"


@dataclass(frozen=True)
class EventBridge(Endpoint[dict[str, Any]]):
    """An event bus. A message is an entry of PutEvents, its `Detail` a JSON object.

    With `xray` the entry gets X-Ray's `TraceHeader` too, which EventBridge hands to SQS as
    `AWSTraceHeader` even where a rule's input transformer leaves the detail out.
    """

    bus: str | None = None
    xray: bool = False

    system = SYSTEM_EVENTBRIDGE
    sending = "put"

    @property
    def target(self) -> str | None:
        """The bus."""
        return self.bus

    def copy(self, message: dict[str, Any] | None) -> dict[str, Any]:
        """A copy of the entry."""
        return {} if message is None else dict(message)

    def carried(self, message: dict[str, Any]) -> Carried:
        """What the detail carries."""
        return carried_by(picked(document(message.get(_DETAIL)) or {}))

    def insert(self, message: dict[str, Any], fields: Mapping[str, str]) -> None:
        """Add fields to the detail, whose other text stays as it is; not where it is no object."""
        if _DETAIL in message:
            message[_DETAIL] = with_members(message[_DETAIL], fields)
        if self.xray and _XRAY not in message and TRACEPARENT in fields:
            message[_XRAY] = xray_header(fields[TRACEPARENT])


def read(message: object) -> Message | None:
    """An event as a target gets it; None where it is none."""
    if not isinstance(message, Mapping) or "detail-type" not in message:
        return None
    detail = message.get("detail")
    fields: Mapping[str, Any] = detail if isinstance(detail, Mapping) else {}
    return Message(
        SYSTEM_EVENTBRIDGE,
        carried_by(picked(fields)),
        None,  # an event does not tell its bus
        first_text((message.get("id"),)),
        cloudevent(fields, "") if "specversion" in fields else {},
    )
