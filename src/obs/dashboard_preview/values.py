"""Panels with one number for each series: stat and bar gauge."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import readable_on
from obs.dashboard_preview.context import Context, Drawn
from obs.dashboard_preview.field_display import (
    FieldDisplay,
    Shown,
    extent,
    field_display,
    fraction,
    ranged,
    series_colour,
    shown,
    threshold_colour,
)
from obs.dashboard_preview.frames import Field, Frame, present
from obs.dashboard_preview.javascript import pattern_of
from obs.dashboard_preview.reduce import reduced
from obs.dashboard_preview.transform import shown_name

_MOST: Final = 100  # values of one panel
_SPARK_POINTS: Final = 120


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a panel, and its field."""

    name: str
    number: Any
    display: FieldDisplay
    field: Field
    trend: bool
    """Whether the field's values are a time series."""


def values_of(panel: Json, frames: Sequence[Frame]) -> list[Value]:
    """The values that a panel shows, by its `reduceOptions`."""
    options = (panel.get("options") or {}).get("reduceOptions") or {}
    calculation = ((options.get("calcs") or ["lastNotNull"]) + ["lastNotNull"])[0]
    wanted = str(options.get("fields") or "")
    found: list[Value] = []
    for frame in frames:
        for field in frame.fields:
            if not _wanted(field, wanted):
                continue
            display = field_display(panel, frame, field)
            if options.get("values"):
                found += _each(frame, field, display)
            else:
                number = reduced(field.values, calculation)
                trend = field.kind == "number" and _has_time(frame)
                found.append(Value(display.name, number, display, field, trend))
    everything = extent(frames)
    return [replace(value, display=ranged(value.display, everything)) for value in found[:_MOST]]


def _wanted(field: Field, wanted: str) -> bool:
    if not wanted:
        return field.kind == "number"
    if wanted.startswith("/"):
        return field.kind != "time" and bool(pattern_of(wanted).search(shown_name(field)))
    return shown_name(field) == wanted


def _has_time(frame: Frame) -> bool:
    return any(field.kind == "time" for field in frame.fields) and frame.length > 1


def _each(frame: Frame, field: Field, display: FieldDisplay) -> Iterator[Value]:
    """A value for each row, named by its text columns."""
    texts = [each.values for each in frame.fields if each.kind == "string" and each is not field]
    for row, number in enumerate(field.values):
        name = " ".join(str(column[row]) for column in texts) or display.name
        yield Value(name, number, display, field, trend=False)


def stat(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """Tiles of a stat panel: number, unit, colour, and the sparkline."""
    options = panel.get("options") or {}
    values = values_of(panel, frames)
    mode, text_mode = options.get("colorMode", "value"), options.get("textMode", "auto")
    named = text_mode in ("name", "value_and_name") or (text_mode == "auto" and len(values) > 1)
    sparks = options.get("graphMode", "area") == "area"
    tiles = [
        {
            **_tile(value, number, mode, context),
            "name": value.name if named else "",
            "spark": _spark(value) if sparks and value.trend else None,
        }
        for number, value in enumerate(values)
    ]
    if text_mode == "name":
        tiles = [{**tile, "prefix": "", "text": "", "suffix": ""} for tile in tiles]
    sizes = options.get("text") or {}
    return {
        "kind": "stat",
        "tiles": tiles,
        "across": options.get("orientation", "auto"),
        "centre": options.get("justifyMode") == "center" or len(tiles) == 1,
        "size": {"name": sizes.get("titleSize"), "value": sizes.get("valueSize")},
    }


def _tile(value: Value, number: int, mode: str, context: Context) -> Drawn:
    seen = _shown(value, context)
    colour = seen.colour or series_colour(
        number, value.field.values, value.display, context.palette
    )
    filled = mode.startswith("background")
    return {
        "prefix": seen.text.prefix,
        "text": seen.text.text,
        "suffix": seen.text.suffix,
        "colour": readable_on(colour) if filled else _text_colour(mode, colour, context),
        "background": colour if filled else None,
        "line": "rgba(255, 255, 255, 0.6)" if filled else colour,
        "links": _links(value, context),
    }


def _shown(value: Value, context: Context) -> Shown:
    return shown(value.number, value.display, context.palette, context.moment)


def _text_colour(mode: str, colour: str, context: Context) -> str:
    return context.palette.text if mode == "none" else colour


def _links(value: Value, context: Context) -> list[dict[str, Any]]:
    number = "" if value.number is None else str(value.number)
    return context.data_links(value.display.links, value.name, value.field.labels, number)


def _spark(value: Value) -> list[float | None]:
    """The sparkline from 0 to 1, thinned to what a tile can show."""
    there = present(value.field.values)
    if len(there) < 2:
        return []
    minimum, maximum = min(there), max(there)
    every = max(len(value.field.values) // _SPARK_POINTS, 1)
    return [
        None
        if each is None or not math.isfinite(each)
        else round((each - minimum) / ((maximum - minimum) or 1), 4)
        for each in value.field.values[::every]
    ]


def bargauge(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """Bars of a bar gauge, each with its length and colours."""
    options = panel.get("options") or {}
    values = values_of(panel, frames)
    bars = [_bar(value, number, context) for number, value in enumerate(values)]
    upright = options.get("orientation") == "vertical"
    return {
        "kind": "bars",
        "bars": bars,
        "upright": upright,
        "mode": options.get("displayMode", "gradient"),
        "rest": options.get("showUnfilled", True) is not False,
    }


def _bar(value: Value, number: int, context: Context) -> Drawn:
    seen, display = _shown(value, context), value.display
    there = present([value.number]) if isinstance(value.number, int | float) else []
    reach = fraction(there[0], display) if there else 0.0
    colour = seen.colour or series_colour(number, value.field.values, display, context.palette)
    return {
        "name": value.name,
        "text": str(seen.text),
        "colour": colour,
        "reach": round(reach, 4),
        "scale": _scale(display, context),
        "links": _links(value, context),
    }


def _scale(display: FieldDisplay, context: Context) -> list[tuple[float, str]]:
    """Where the colours of the thresholds begin along the bar."""
    minimum, maximum = display.minimum or 0.0, 100.0 if display.maximum is None else display.maximum
    stops = []
    for step in display.steps:
        at = minimum + (maximum - minimum) * step.value / 100 if display.percentage else step.value
        colour = threshold_colour(max(at, minimum), display, context.palette)
        stops.append((round(fraction(at, display), 4) if at > minimum else 0.0, colour))
    return stops
