"""How the values of a field are displayed: unit, thresholds, mappings, colour, overrides."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import Palette, is_continuous
from obs.dashboard_preview.frames import Field, Frame, present
from obs.dashboard_preview.transform import pattern_of, shown_name
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
    least: float | None = None
    most: float | None = None
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
        least=merged.get("min"),
        most=merged.get("max"),
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


def shown(value: Any, how: FieldDisplay, palette: Palette, moment: Moment) -> Shown:
    """A value as text, and its colour by mapping, threshold or scale."""
    mapping = mapped(value, how.mappings)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and math.isnan(number) and mapping is None and how.no_value:
        return Shown(Text(how.no_value), None)
    colour = None if number is None else coloured(float(number), how, palette)
    if mapping is not None:
        replacement = mapping.get("text")
        own = mapping.get("color")
        text = Text(str(replacement)) if replacement else _text(value, how, moment)
        return Shown(text, palette.colour(str(own)) if own else colour, mapped=bool(replacement))
    return Shown(_text(value, how, moment), colour)


def _text(value: Any, how: FieldDisplay, moment: Moment) -> Text:
    if value is None:
        return Text(how.no_value or "")
    if isinstance(value, str):
        return Text(value)
    return formatted(float(value), how.unit, how.decimals, moment)


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


def coloured(value: float, how: FieldDisplay, palette: Palette) -> str | None:
    """The colour of a number, fixed or by threshold or scale; None where its series has one."""
    if how.mode == "fixed":
        return palette.colour(str(how.colour.get("fixedColor") or "text"))
    if is_continuous(how.mode):
        return palette.between(how.mode, fraction(value, how))
    if how.mode == "thresholds":
        return threshold_colour(value, how, palette)
    return None


def threshold_colour(value: float, how: FieldDisplay, palette: Palette) -> str:
    """The colour of the highest step that a number has reached."""
    at = fraction(value, how) * 100 if how.percentage else value
    reached = [step for step in how.steps if at >= step.value]
    return palette.colour(reached[-1].colour if reached else "green")


def fraction(value: float, how: FieldDisplay) -> float:
    """The position of a number between minimum and maximum, from 0 to 1."""
    least = 0.0 if how.least is None else how.least
    most = 100.0 if how.most is None else how.most
    return min(max((value - least) / (most - least), 0.0), 1.0) if most > least else 0.0


def series_colour(number: int, values: Sequence[Any], how: FieldDisplay, palette: Palette) -> str:
    """The colour of a whole series, the `number`-th of its panel."""
    there = present(values)
    if how.mode == "palette-classic-by-name":
        return palette.named(how.name)
    if how.mode in ("fixed", "shades"):
        return palette.colour(str(how.colour.get("fixedColor") or "text"))
    if (how.mode == "thresholds" or is_continuous(how.mode)) and there:
        by = {"min": min, "max": max}.get(str(how.colour.get("seriesBy")), lambda all_: all_[-1])
        return coloured(by(there), how, palette) or palette.classic(number)
    return palette.classic(number)


def ranged(how: FieldDisplay, everything: Extent) -> FieldDisplay:
    """The same with the minimum and maximum of all values where none are set."""
    least = everything[0] if how.least is None else how.least
    most = everything[1] if how.most is None else how.most
    return replace(how, least=least, most=most)


def extent(frames: Sequence[Frame]) -> Extent:
    """The minimum and maximum of all numbers of a panel, for its scales, as in Grafana."""
    fields = (each for frame in frames for each in frame.fields if each.kind == "number")
    numbers = [value for each in fields for value in present(each.values)]
    return min(numbers, default=0.0), max(numbers, default=100.0)
