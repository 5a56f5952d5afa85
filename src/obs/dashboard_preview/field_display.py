"""How the values of a field are displayed: unit, thresholds, mappings, colour, overrides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import Palette, is_continuous
from obs.dashboard_preview.frames import Field, Frame, present
from obs.dashboard_preview.javascript import pattern_of
from obs.dashboard_preview.transform import shown_name
from obs.dashboard_preview.units import Moment, Text, formatted

Extent = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ColourStep:
    """A threshold: from this value on (-inf: always) the colour of that name."""

    value: float
    colour: str


@dataclass(frozen=True, slots=True)
class FieldDisplay:
    """The options of one field, overrides applied."""

    name: str
    unit: str = ""
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    steps: tuple[ColourStep, ...] = ()
    percentage: bool = False
    mappings: tuple[Json, ...] = ()
    colour: Json = field(default_factory=dict)
    no_value: str | None = None
    custom: Json = field(default_factory=dict)
    links: tuple[Json, ...] = ()

    @property
    def mode(self) -> str:
        """How colours are chosen."""
        return str(self.colour.get("mode") or "thresholds")


@dataclass(frozen=True, slots=True)
class Shown:
    """A value as text, and the colour (CSS) from its threshold, mapping or scale, if any."""

    text: Text
    colour: str | None
    mapped: bool = False


def field_display(panel: Json, frame: Frame, one: Field) -> FieldDisplay:
    """The display options of a field of one of the panel's frames."""
    config = panel.get("fieldConfig") or {}
    merged: dict[str, Any] = dict(config.get("defaults") or {})
    merged["custom"] = dict(merged.get("custom") or {})
    for override in config.get("overrides") or []:
        if _matches(override.get("matcher") or {}, frame, one):
            for each in override.get("properties") or []:
                _set(merged, str(each.get("id")), each.get("value"))
    thresholds = merged.get("thresholds") or {}
    return FieldDisplay(
        name=str(merged.get("displayName") or shown_name(one)),
        unit=str(merged.get("unit") or ""),
        decimals=merged.get("decimals"),
        minimum=merged.get("min"),
        maximum=merged.get("max"),
        steps=tuple(_step(each) for each in thresholds.get("steps") or ()),
        percentage=thresholds.get("mode") == "percentage",
        mappings=tuple(merged.get("mappings") or ()),
        colour=merged.get("color") or {},
        no_value=merged.get("noValue"),
        custom=merged["custom"],
        links=tuple(merged.get("links") or ()),
    )


def _matches(matcher: Json, frame: Frame, one: Field) -> bool:
    options, name = matcher.get("options"), shown_name(one)
    match matcher.get("id"):
        case "byName":
            return options in (name, one.name) if one.display is None else options == name
        case "byRegexp":
            return bool(pattern_of(str(options)).search(name))
        case "byNames":
            listed = name in ((options or {}).get("names") or ())
            return listed is ((options or {}).get("mode") != "exclude")
        case "byFrameRefID":
            return bool(options == frame.ref_id)
        case "byType":
            return bool(options == one.kind)
    return False


def _set(merged: dict[str, Any], key: str, value: Any) -> None:
    if not key.startswith("custom."):
        merged[key] = value
        return
    inner = merged["custom"]
    *path, last = key.split(".")[1:]
    for part in path:
        deeper = dict(inner.get(part) or {})
        inner[part] = deeper
        inner = deeper
    inner[last] = value


def _step(step: Json) -> ColourStep:
    value = step.get("value")
    return ColourStep(
        -math.inf if value is None else float(value), str(step.get("color") or "text")
    )


def shown(value: Any, display: FieldDisplay, palette: Palette, moment: Moment) -> Shown:
    """A value as text, and its colour by mapping, threshold or scale."""
    mapping = mapped(value, display.mappings)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and math.isnan(number) and mapping is None and display.no_value:
        return Shown(Text(display.no_value), None)
    colour = None if number is None else coloured(float(number), display, palette)
    if mapping is not None:
        replacement = mapping.get("text")
        own = mapping.get("color")
        text = Text(str(replacement)) if replacement else _text(value, display, moment)
        return Shown(text, palette.colour(str(own)) if own else colour, mapped=bool(replacement))
    return Shown(_text(value, display, moment), colour)


def _text(value: Any, display: FieldDisplay, moment: Moment) -> Text:
    if value is None:
        return Text(display.no_value or "")
    if isinstance(value, str):
        return Text(value)
    return formatted(float(value), display.unit, display.decimals, moment)


def mapped(value: Any, mappings: Sequence[Json]) -> Json | None:
    """The text and colour of the first mapping that matches a value; None where none does."""
    for mapping in mappings:
        options: Json = mapping.get("options") or {}
        match mapping.get("type"):
            case "value":
                found = options.get(_key(value))
            case "range":
                found = options.get("result") if _within(value, options) else None
            case "regex":
                fits = isinstance(value, str) and pattern_of(str(options.get("pattern")))
                found = options.get("result") if fits and fits.search(value) else None
            case "special":
                found = options.get("result") if _special(value, options.get("match")) else None
            case _:
                found = None
        if found is not None:
            return dict(found)
    return None


def _key(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _within(value: Any, options: Json) -> bool:
    if not isinstance(value, int | float):
        return False
    low, high = options.get("from"), options.get("to")
    return (low is None or value >= low) and (high is None or value <= high)


def _special(value: Any, match: Any) -> bool:
    nan = isinstance(value, float) and math.isnan(value)
    match str(match):
        case "nan":
            return nan
        case "null":
            return value is None
        case "null+nan":
            return nan or value is None
        case "empty":
            return bool(value == "")
    return False


def coloured(value: float, display: FieldDisplay, palette: Palette) -> str | None:
    """The colour of a number, fixed or by threshold or scale; None where its series has one."""
    if display.mode == "fixed":
        return palette.colour(str(display.colour.get("fixedColor") or "text"))
    if is_continuous(display.mode):
        return palette.between(display.mode, fraction(value, display))
    if display.mode == "thresholds":
        return threshold_colour(value, display, palette)
    return None


def threshold_colour(value: float, display: FieldDisplay, palette: Palette) -> str:
    """The colour of the highest step that a number has reached."""
    at = fraction(value, display) * 100 if display.percentage else value
    reached = [step for step in display.steps if at >= step.value]
    return palette.colour(reached[-1].colour if reached else "green")


def fraction(value: float, display: FieldDisplay) -> float:
    """The position of a number between minimum and maximum, from 0 to 1."""
    if math.isnan(value):
        return 0.0
    minimum = 0.0 if display.minimum is None else display.minimum
    maximum = 100.0 if display.maximum is None else display.maximum
    return min(max((value - minimum) / (maximum - minimum), 0.0), 1.0) if maximum > minimum else 0.0


def series_colour(
    number: int, values: Sequence[Any], display: FieldDisplay, palette: Palette
) -> str:
    """The colour of a whole series, the `number`-th of its panel."""
    there = present(values)
    if display.mode == "palette-classic-by-name":
        return palette.named(display.name)
    if display.mode in ("fixed", "shades"):
        return palette.colour(str(display.colour.get("fixedColor") or "text"))
    if (display.mode == "thresholds" or is_continuous(display.mode)) and there:
        by = {"min": min, "max": max}.get(
            str(display.colour.get("seriesBy")), lambda all_: all_[-1]
        )
        return coloured(by(there), display, palette) or palette.classic(number)
    return palette.classic(number)


def ranged(display: FieldDisplay, everything: Extent) -> FieldDisplay:
    """The same with the minimum and maximum of all values where none are set."""
    minimum = everything[0] if display.minimum is None else display.minimum
    maximum = everything[1] if display.maximum is None else display.maximum
    return replace(display, minimum=minimum, maximum=maximum)


def extent(frames: Sequence[Frame]) -> Extent:
    """The minimum and maximum of all numbers of a panel, for its scales, as in Grafana."""
    fields = (each for frame in frames for each in frame.fields if each.kind == "number")
    numbers = [value for each in fields for value in present(each.values)]
    return min(numbers, default=0.0), max(numbers, default=100.0)
