"""The events of the OMS: CloudEvents about schemas and objects of its catalogue."""

import json
import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

SCHEMA_SHARE: Final = 0.25  # of the events; the others are about objects
MEAN_PER_SECOND: Final = 20.0

_TRACE: Final = "ce_traceparent"
_OBJECT_CHANGES: Final = ("created", "changed", "changed", "changed", "deleted")
_TABLES: Final = ("customers", "orders", "payments", "shipments", "stock")


@dataclass(frozen=True, slots=True)
class Event:
    """A message for JetStream; a CloudEvent in binary mode: attributes in ce_ headers."""

    subject: str
    headers: dict[str, str]
    body: bytes


def events_per_second(at: float) -> float:
    """The event rate at a Unix time: 14 to 26 events a second, in a period of 5 minutes."""
    return MEAN_PER_SECOND * (1 + 0.3 * math.sin(2 * math.pi * at / 300))


def make_event(at: float, chance: random.Random) -> Event:
    """An event that happened at the Unix time `at`."""
    if chance.random() < SCHEMA_SHARE:
        what, change = "schema", "changed"
    else:
        what, change = "object", chance.choice(_OBJECT_CHANGES)
    table = chance.choice(_TABLES)
    body = {"table": table, "version": chance.randrange(1, 500), "change": change}
    return Event(
        f"oms.events.{what}.{change}",
        _attributes(f"oms.{what}.{change}", f"{what}s/{table}", at, chance),
        json.dumps(body).encode(),
    )


def make_poison(at: float, chance: random.Random) -> Event:
    """An event whose body is truncated: parsing fails at every delivery."""
    event = make_event(at, chance)
    return Event("oms.events.object.changed", event.headers, event.body[:-2])


def without_trace(event: Event) -> Event:
    """The event without the trace that make_event invents, for a publisher that has its own."""
    kept = {name: value for name, value in event.headers.items() if name != _TRACE}
    return replace(event, headers=kept)


def _attributes(kind: str, subject: str, at: float, chance: random.Random) -> dict[str, str]:
    trace, span = chance.getrandbits(128), chance.getrandbits(64)
    return {
        "Content-Type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{chance.getrandbits(64):016x}",
        "ce_source": "oms",
        "ce_type": kind,
        "ce_subject": subject,
        "ce_time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        _TRACE: f"00-{trace:032x}-{span:016x}-01",
    }
