"""Durations and percentages in the notation of a spec."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from obs.durations import format_duration

__all__ = [  # format_duration too: the parser reads back what it writes
    "DURATION_PATTERN",
    "Duration",
    "NotBoolean",
    "Objective",
    "check_objective",
    "format_duration",
    "parse_duration",
    "within",
]

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdw])")
DURATION_PATTERN: Final = r"^([0-9]+(\.[0-9]+)?(ms|[smhdw]))+$"
_LONGEST_NUMBER: Final = 40  # characters
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_duration(text: object) -> float:
    """The seconds of a duration such as `90s`, `1h30m` or `30d`.

    Raises ValueError for anything else, including a number without a unit.
    """
    shown = text.strip() if isinstance(text, str) else text
    if not isinstance(shown, bool) and _NUMBER.fullmatch(str(shown)):
        if len(str(shown)) > _LONGEST_NUMBER:
            raise ValueError("this duration is too long")
        raise ValueError(f"{shown} has no unit; write {shown}s if seconds are meant")
    if not isinstance(shown, str) or not re.fullmatch(DURATION_PATTERN, shown):
        what = _quoted(shown) if isinstance(shown, str | int | float) else "this"
        raise ValueError(f"{what} is not a duration; write for example 30s, 5m, 1h30m or 30d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(shown))
    if not math.isfinite(seconds):
        raise ValueError("this duration is too long")
    return seconds


def _quoted(value: str | float) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}…"


def check_objective(percent: float) -> float:
    """The percentage. Raises ValueError unless 1 < percent < 100."""
    if percent >= 100:
        raise ValueError(f"{percent:g} leaves no error budget; write less, for example 99.99")
    if percent <= 0:
        raise ValueError(f"{percent:g} is not an objective; write a percentage, for example 99.9")
    if percent < 1:
        meant = (Decimal(repr(percent)) * 100).normalize()
        raise ValueError(f"{percent!r} is a ratio; write percent: {meant:f}")
    if percent == 1:
        raise ValueError("1 is too low; write a percentage, for example 99.9")
    return percent


def _refuse_true_and_false(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number; write for example 100")
    return value


NotBoolean: Final = BeforeValidator(_refuse_true_and_false)
"""Last item of a number's Annotated: rejects `true`, which Python counts as 1."""


@dataclass(frozen=True, slots=True)
class within:  # noqa: N801  reads as a word of the field: within("1s", "1d")
    """The bounds of a duration, both allowed: the item after Duration. `obs schema` tells them."""

    least: str
    most: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        least, most = self._seconds
        return {**handler(schema), "minimum": least, "maximum": most}

    def check(self, seconds: float) -> float:
        """The duration. Raises pydantic's own error where it is out of bounds."""
        least, most = self._seconds
        if seconds < least:
            raise PydanticKnownError("greater_than_equal", {"ge": least})
        if seconds > most:
            raise PydanticKnownError("less_than_equal", {"le": most})
        return seconds

    @property
    def _seconds(self) -> tuple[float, float]:
        return parse_duration(self.least), parse_duration(self.most)


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["30s", "5m"]}),
]
"""A duration in seconds, written with its unit."""

Objective = Annotated[
    float,
    AfterValidator(check_objective),
    Field(json_schema_extra={"exclusiveMinimum": 1, "exclusiveMaximum": 100, "examples": [99.9]}),
    NotBoolean,
]
"""An objective: the percentage of good events, above 1 and below 100."""
