"""What a CloudWatch alarm is, as values, and the limits that AWS sets to it.

The forms in which alarms are handed to AWS (CloudFormation, Terraform, API parameters) are other
modules' business. Limits: CloudWatch user guide, "Using alarms", and the API reference.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from obs.ids import fitted

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]
Pairs = tuple[tuple[str, str], ...]

DAY: Final = 86_400
MOST_ALARMS: Final = 5_000
"""That an account has in a region, unless AWS raises its quota."""
MAX_METRICS: Final = 10
MAX_CHILDREN: Final = 100
MAX_RULE: Final = 10_240
MAX_DESCRIPTION: Final = 1024
_MAX_NAME: Final = 255
_MAX_ACTIONS: Final = 5
_MAX_TAGS: Final = 50
_TAG_KEY: Final = 128
_TAG_VALUE: Final = 256
_TAG_CHARACTERS: Final = frozenset(" +-=._:/@")
_OUTSIDE_TAG: Final = re.compile(r"[^A-Za-z0-9 +\-=._:/@]")
_OUTSIDE_NAME: Final = re.compile(r"[^ -~]|[\"\\{}]")
"""No quotes, which a composite's rule would have to escape, nor braces: CloudFormation replaces
`{{resolve:…}}`.
"""


@dataclass(frozen=True, slots=True)
class AlarmSeries:
    """One metric of CloudWatch with its statistic. `unit` is empty where any will do."""

    namespace: str
    metric: str
    statistic: str
    dimensions: Pairs
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """Metric math: `inputs` by id, then `steps` (id and expression), the last of which counts."""

    inputs: tuple[tuple[str, AlarmSeries], ...]
    steps: Pairs
    label: str


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """An alarm on one series or formula.

    In ALARM while `periods` data points in a row, each over `period` seconds, are beyond the
    threshold. `missing` says what a missing data point is taken for. `topics` are SNS topics, by
    name or ARN, told when the alarm begins and when it ends.
    """

    name: str
    description: str
    watched: AlarmSeries | Formula
    comparison: Comparison
    threshold: float
    period: int
    periods: int
    missing: Missing
    tags: Pairs = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    """An alarm on other alarms: on all of them (`AND`) or on any (`OR`)."""

    name: str
    description: str
    children: tuple[str, ...]
    operator: Literal["AND", "OR"]
    tags: Pairs = ()
    topics: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The rule expression of CloudWatch."""
        return f" {self.operator} ".join(f'ALARM("{child}")' for child in self.children)


Alarm = MetricAlarm | CompositeAlarm
Group = tuple[Alarm, ...]
"""Alarms that belong together: a composite comes after its children."""


def alarm_name(text: str) -> str:
    """The name of an alarm as AWS takes it; a rule of a composite alarm quotes it."""
    return fitted(text, _MAX_NAME, _OUTSIDE_NAME)


def tag_value(text: str) -> str:
    """The value of a tag as AWS takes it."""
    return fitted(text, _TAG_VALUE, _OUTSIDE_TAG)


def problems(alarms: Iterable[Alarm]) -> Iterator[str]:
    """Every limit of CloudWatch that an alarm exceeds, in words."""
    names: set[str] = set()
    for alarm in alarms:
        if alarm.name in names:
            yield (
                f"{alarm.name}: two alarms have this name: two overrides are about one object, or "
                "the names of two join to the same"
            )
        names.add(alarm.name)
        yield from (f"{alarm.name}: {wrong}" for wrong in _wrong(alarm))


def _wrong(alarm: Alarm) -> Iterator[str]:
    if len(alarm.name) > _MAX_NAME:
        yield f"an alarm's name has at most {_MAX_NAME} characters, this one {len(alarm.name)}"
    if not (alarm.name.isascii() and alarm.name.isprintable()) or '"' in alarm.name:
        yield "an alarm's name is printable ASCII without quotes"
    if len(alarm.description) > MAX_DESCRIPTION:
        yield f"an alarm's description has at most {MAX_DESCRIPTION} characters"
    if len(alarm.topics) > _MAX_ACTIONS:
        yield f"an alarm tells at most {_MAX_ACTIONS} topics, this {len(alarm.topics)}"
    yield from _wrong_tags(alarm.tags)
    if isinstance(alarm, CompositeAlarm):
        yield from _wrong_composite(alarm)
    else:
        yield from _wrong_times(alarm)
        if isinstance(alarm.watched, Formula) and len(alarm.watched.inputs) > MAX_METRICS:
            yield f"metric math in an alarm reads at most {MAX_METRICS} metrics"


def _wrong_composite(alarm: CompositeAlarm) -> Iterator[str]:
    if len(alarm.children) > MAX_CHILDREN:
        yield f"a composite alarm has at most {MAX_CHILDREN} children, this {len(alarm.children)}"
    if len(alarm.rule) > MAX_RULE:
        yield f"a composite alarm's rule has at most {MAX_RULE} characters, this {len(alarm.rule)}"


def _wrong_times(alarm: MetricAlarm) -> Iterator[str]:
    if alarm.period < 60 or alarm.period % 60:
        yield f"a window of CloudWatch is whole minutes, this is {alarm.period} s"
    longest = DAY if alarm.period < 3600 else 7 * DAY
    if alarm.period * alarm.periods > longest:
        yield (
            f"{alarm.periods} periods of {alarm.period} s are more than the {longest} s that "
            "CloudWatch looks back; shorten `for` or the window"
        )


@lru_cache(1024)
def _wrong_tags(tags: Pairs) -> tuple[str, ...]:
    """Remembered, as the alarms of an alert have the same tags."""
    return tuple(_problems_of_tags(tags))


def _problems_of_tags(tags: Pairs) -> Iterator[str]:
    if len(tags) > _MAX_TAGS:
        yield f"an alarm has at most {_MAX_TAGS} tags, this {len(tags)}; remove labels"
    for key, value in tags:
        if len(key) > _TAG_KEY or len(value) > _TAG_VALUE or key.lower().startswith("aws:"):
            yield f"tag {key}: a key has 1 to {_TAG_KEY} characters, a value at most {_TAG_VALUE}"
        if not all(c.isalnum() or c in _TAG_CHARACTERS for c in key + value):
            yield f"tag {key}: {value!r} may hold letters, digits, spaces and + - = . _ : / @"
