"""Overrides of built-in alerts. `alerts.tuning` knows which alert accepts which override."""

import math
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from obs.spec.model import HttpUrl, Matching, Model
from obs.spec.quantity import (
    DURATION_PATTERN,
    Duration,
    NotBoolean,
    format_duration,
    parse_duration,
    within,
)

_LARGEST: Final = 1e15
_LONGEST: Final = 36_500 * 86_400.0  # seconds


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
        if not -_LARGEST <= written <= _LARGEST:
            raise ValueError(f"{written:g} is out of range; write at most {_LARGEST:g}")
        return Limit(float(written))
    try:
        limit = Limit(parse_duration(written), is_duration=True)
    except ValueError:
        shown = repr(written)
        shown = shown if len(shown) <= 80 else f"{shown[:60]}…"
        raise ValueError(
            f"{shown} is not a threshold; write a number, or a duration with its unit"
        ) from None
    if limit.value > _LONGEST:
        raise ValueError(f"{written} is out of range; write at most {format_duration(_LONGEST)}")
    return limit


Threshold = Annotated[
    Limit,
    BeforeValidator(_limit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST},
                {"type": "string", "pattern": DURATION_PATTERN},
            ]
        }
    ),
]
"""A number in the unit of the alert, or a duration if that unit is time. Ratios are in percent."""

LabelName = Annotated[
    str, Matching(r"^[a-zA-Z_][a-zA-Z0-9_]*$", "letters, digits and _, not beginning with a digit")
]
"""The name of a label."""

ObjectName = Annotated[str, Field(min_length=1, max_length=256)]
"""The exact value of an identity label; not a glob."""


class Tuned(Model):
    """Settings of an alert that may be overridden, for all objects or for some."""

    enabled: bool = True
    """Whether the alert is built."""
    above: Threshold | None = None
    """The alert fires above this threshold; for alerts that have an upper threshold."""
    below: Threshold | None = None
    """The alert fires below this threshold; for alerts that have a lower threshold."""
    window: Annotated[Duration, within("1m", "1d")] | None = None
    """Time window over which a counter's growth is measured: whole minutes."""
    min_events: Annotated[int, Field(ge=1, le=10**9), NotBoolean] | None = None
    """Minimum number of events in the window, below which an alert on a ratio never fires."""
    hold: Annotated[Duration, within("0s", "12h")] | None = Field(default=None, alias="for")
    """How long the condition must hold before the alert fires: whole seconds."""
    severity: Literal["critical", "warning", "info"] | None = None
    """critical pages, warning needs attention during working hours, info is for information."""
    labels: dict[LabelName, str] = {}
    """Labels added to the alert, for routing."""


class Override(Tuned):
    """Override for the objects that have all these labels; the general rule then excludes them."""

    nats: ObjectName | None = None
    """Name of the NATS source."""
    account: ObjectName | None = None
    """The NATS account, as in the label."""
    stream: ObjectName | None = None
    """Name of the stream."""
    consumer: ObjectName | None = None
    """Name of the consumer."""
    server: ObjectName | None = None
    """The NATS server, as host:port and path of its monitoring address."""
    nats_service: ObjectName | None = None
    """Name of the NATS micro service."""
    nats_endpoint: ObjectName | None = None
    """Name of an endpoint of the NATS micro service."""
    aws: ObjectName | None = None
    """Name of the AWS source."""
    bus: ObjectName | None = None
    """Name of the event bus."""
    rule: ObjectName | None = None
    """Name of the EventBridge rule."""
    queue: ObjectName | None = None
    """Name of the SQS queue."""
    function: ObjectName | None = None
    """Name of the Lambda function."""
    topic: ObjectName | None = None
    """Name of the SNS topic."""
    pipe: ObjectName | None = None
    """Name of the EventBridge pipe."""
    schedule_group: ObjectName | None = None
    """Name of the group of schedules."""
    api_destination: ObjectName | None = None
    """Name of the API destination."""
    archive: ObjectName | None = None
    """Name of the archive."""
    probe: ObjectName | None = None
    """Name of the probe source."""
    target: ObjectName | None = None
    """Name of the target that is probed."""
    dependency: ObjectName | None = None
    """Name of a dependency that the target reports."""
    canary: ObjectName | None = None
    """Name of the canary."""
    slo: ObjectName | None = None
    """Name of the SLO."""
    slo_service: ObjectName | None = None
    """Service of the SLO."""
    source: ObjectName | None = None
    """Name of the collector's source."""
    object: dict[LabelName, ObjectName] = {}
    """Labels of an object of a pack, for example {instance: "web-1:9100"}."""


OBJECT_LABELS = tuple(
    name for name in Override.model_fields if name not in (*Tuned.model_fields, "object")
)
"""The fields of an override that select its objects."""


class AlertTuning(Tuned):
    """Overrides of one alert; a setting that is left out keeps its default."""

    overrides: tuple[Override, ...] = ()
    """Further overrides for some objects of the alert."""


class Links(Model):
    """Links in alert annotations."""

    runbooks: HttpUrl | None = None
    """URL of the folder where the runbooks are published, without a trailing slash."""
    grafana: HttpUrl | None = None
    """URL of Grafana for people, without a trailing slash (default: stacks.grafana.url)."""
