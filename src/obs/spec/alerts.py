"""Tuning of alerts without forking them. Which alert lets what be tuned, `alerts` knows."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from obs.spec.model import HttpUrl, Matching, Model
from obs.spec.quantity import DURATION_PATTERN, Duration, NotBoolean, parse_duration


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold as the spec writes it: a number, or a duration in seconds."""

    value: float
    is_duration: bool = False


def _limit(written: object) -> Limit:
    if isinstance(written, Limit):
        return written
    if isinstance(written, int | float) and not isinstance(written, bool):
        if not math.isfinite(written):
            raise ValueError(f"{written} is not a number; write for example 1000")
        return Limit(float(written))
    try:
        return Limit(parse_duration(written), is_duration=True)
    except ValueError:
        raise ValueError(
            f"{written!r} is no threshold; write a number, or a duration with its unit"
        ) from None


Threshold = Annotated[
    Limit,
    BeforeValidator(_limit),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": DURATION_PATTERN}]}
    ),
]
"""A number in the alert's unit; a duration where that is a time. Shares are percent."""

LabelName = Annotated[
    str, Matching(r"^[a-zA-Z_][a-zA-Z0-9_]*$", "letters, digits and _, not beginning with a digit")
]
"""The name of a label."""

ObjectName = Annotated[str, Field(min_length=1, max_length=256)]
"""The value of a label that tells objects apart; in full, no glob."""


class Tuned(Model):
    """What may be said about an alert, and about it for a single object."""

    enabled: bool = True
    """Whether the alert exists at all."""
    above: Threshold | None = None
    """Fires above this, for alerts on too much."""
    below: Threshold | None = None
    """Fires below this, for alerts on too little."""
    window: Annotated[Duration, Field(ge=60)] | None = None
    """The time over which a counter's increase is judged."""
    min_events: Annotated[int, Field(ge=1), NotBoolean] | None = None
    """Fewer events than this in the window never fire, for alerts on shares of events."""
    hold: Annotated[Duration, Field(ge=0)] | None = Field(default=None, alias="for")
    """How long the condition lasts before the alert fires."""
    severity: Literal["critical", "warning", "info"] | None = None
    """critical wakes somebody, warning is for today, info is good to know."""
    labels: dict[LabelName, str] = {}
    """Labels added to the alert, for routing."""


class Override(Tuned):
    """Another tuning for the objects that have all these labels; they leave the general rule."""

    nats: ObjectName | None = None
    """The NATS source."""
    account: ObjectName | None = None
    """The NATS account."""
    stream: ObjectName | None = None
    """The stream."""
    consumer: ObjectName | None = None
    """The consumer."""
    server: ObjectName | None = None
    """The NATS server, host:port of its monitoring address."""
    aws: ObjectName | None = None
    """The AWS source."""
    bus: ObjectName | None = None
    """The event bus."""
    rule: ObjectName | None = None
    """The rule."""
    queue: ObjectName | None = None
    """The queue."""
    slo: ObjectName | None = None
    """The SLO."""
    slo_service: ObjectName | None = None
    """The SLO's service."""
    source: ObjectName | None = None
    """The collector's source."""


OBJECT_LABELS = tuple(name for name in Override.model_fields if name not in Tuned.model_fields)
"""The fields of an override that say which objects it is about."""


class AlertTuning(Tuned):
    """What is different about one alert; what is left out stays as obs has it."""

    overrides: tuple[Override, ...] = ()
    """Objects for which it is different again."""


class Links(Model):
    """Where an alert leads whoever receives it."""

    runbooks: HttpUrl | None = None
    """Address of the folder in which the runbooks are published, without a / at its end."""
    grafana: HttpUrl | None = None
    """Address of Grafana as people reach it, without a / at its end; of `stacks` where left out."""
