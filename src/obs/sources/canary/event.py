"""The marked event: how it says what it is, and how it is read back."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from obs.snapshot.canary import Arrival

HEADER: Final = "Obs-Canary"
"""Header of the event on NATS: the canary's name."""
ATTRIBUTE: Final = "obscanary"
"""Extension attribute of the CloudEvent, and top-level field of its JSON: the canary's name."""
TYPE: Final = "obs.canary"
_PREFIX: Final = "obs-canary"
_LARGEST: Final = 64 * 1024
"""Bytes of a message that may be a canary's event; it has a few hundred."""


@dataclass(frozen=True, slots=True)
class CanaryEvent:
    """One event of a canary, published at `at` (Unix seconds)."""

    canary: str
    id: str
    at: float

    def body(self) -> bytes:
        """A CloudEvent in structured mode: JSON of a few hundred bytes without personal data."""
        document = {
            "specversion": "1.0",
            "id": self.id,
            "source": "obs",
            "type": TYPE,
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json",
            ATTRIBUTE: self.canary,
            "data": {"canary": self.canary, "published": self.at},
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def headers(self) -> dict[str, str]:
        """Those of the message on NATS; JetStream stores a message id once."""
        return {
            "Nats-Msg-Id": self.id,
            "Content-Type": "application/cloudevents+json",
            HEADER: self.canary,
        }


def slot_of(at: float, every: float) -> float:
    """When the slot began that `at` is in; both in Unix seconds and seconds."""
    return math.floor(at / every) * every


def slot_id(canary: str, slot: float, every: float) -> str:
    """The id of a slot's event: the same for every collector of the canary."""
    return f"{_PREFIX}.{canary}.{every:g}.{slot:.3f}".removesuffix(".000")


def own_id(canary: str, what: str) -> str:
    """The id of an event that belongs to no slot, or to one collector; `what` makes it unique."""
    return f"{_PREFIX}.{canary}.{what}"


def read_event(canary: str, body: bytes | str, at: float) -> Arrival | None:
    """The event in a body that arrived at `at`; None where it is none of this canary."""
    if len(body) > _LARGEST:
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return arrival_of(canary, document, at)


def arrival_of(canary: str, document: Any, at: float) -> Arrival | None:
    """The same from JSON that was read already."""
    if not isinstance(document, dict) or document.get(ATTRIBUTE) != canary:
        return None
    found, data = document.get("id"), document.get("data")
    published = data.get("published") if isinstance(data, dict) else None
    if not isinstance(found, str) or not found.startswith(f"{_PREFIX}."):
        return None
    if isinstance(published, bool) or not isinstance(published, int | float):
        return None
    return Arrival(found, float(published), at)
