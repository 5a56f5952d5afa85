"""The table panel."""

from collections.abc import Sequence
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
    shown,
)
from obs.dashboard_preview.frames import Field, Frame
from obs.dashboard_preview.transform import order_of, shown_name
from obs.dashboard_preview.units import Text, formatted

_MOST_ROWS: Final = 500


def table(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """Columns and rows of a table panel; of several frames the first, as Grafana shows it."""
    frame = next((each for each in frames if each.length), Frame("A", ()))
    everything = extent(frames)
    looks = [ranged(field_display(panel, frame, field), everything) for field in frame.fields]
    seen = [
        place
        for place, display in enumerate(looks)
        if not (display.custom.get("hidden") or (display.custom.get("hideFrom") or {}).get("viz"))
    ]
    rows = _order(panel, frame, looks)
    return {
        "kind": "table",
        "columns": [_column(frame.fields[place], looks[place]) for place in seen],
        "rows": [
            [_cell(frame, looks, place, row, context) for place in seen]
            for row in rows[:_MOST_ROWS]
        ],
        "more": max(len(rows) - _MOST_ROWS, 0),
    }


def _order(panel: Json, frame: Frame, looks: Sequence[FieldDisplay]) -> list[int]:
    """The rows sorted by the panel's `sortBy`."""
    wanted = ((panel.get("options") or {}).get("sortBy") or [{}])[0]
    for field, display in zip(frame.fields, looks, strict=True):
        if display.name == wanted.get("displayName"):
            return order_of(field, bool(wanted.get("desc")))
    return list(range(frame.length))


def _column(field: Field, display: FieldDisplay) -> dict[str, Any]:
    align = str(display.custom.get("align") or "auto")
    if align == "auto":
        align = "right" if field.kind == "number" else "left"
    return {
        "title": display.name,
        "align": align,
        "width": display.custom.get("width"),
        "least": display.custom.get("minWidth"),
    }


def _cell(
    frame: Frame, looks: Sequence[FieldDisplay], place: int, row: int, context: Context
) -> dict[str, Any]:
    field, display = frame.fields[place], looks[place]
    value = field.values[row]
    seen = _shown(value, field, display, context)
    cell: dict[str, Any] = {"text": str(seen.text), **_styled(value, seen, display)}
    if display.links:
        facts = _facts(frame, looks, row) | {
            "__value.raw": str(value),
            "__value.text": str(seen.text),
        }
        cell["links"] = [link for each in display.links if (link := context.link(each, facts))]
    return cell


def _shown(value: Any, field: Field, display: FieldDisplay, context: Context) -> Shown:
    if field.kind == "time" and isinstance(value, int | float) and not display.unit:
        return Shown(formatted(value, "dateTimeAsIso", None, context.moment), None)
    if value is None:
        empty = shown(value, display, context.palette, context.moment)
        return empty if empty.mapped else Shown(Text(display.no_value or ""), None)
    return shown(value, display, context.palette, context.moment)


def _styled(value: Any, seen: Shown, display: FieldDisplay) -> dict[str, Any]:
    kind = str((display.custom.get("cellOptions") or {}).get("type") or "auto")
    if seen.colour is None or (value is None and not seen.mapped):
        return {}
    match kind:
        case "color-text":
            return {"colour": seen.colour}
        case "color-background":
            if seen.colour.endswith(", 0)"):  # transparent
                return {}
            return {"background": seen.colour, "colour": readable_on(seen.colour)}
        case "gauge" if isinstance(value, int | float):
            return {"bar": round(fraction(float(value), display), 4), "colour": seen.colour}
    return {}


def _facts(frame: Frame, looks: Sequence[FieldDisplay], row: int) -> dict[str, str]:
    """The fields of the row for links: `${__data.fields.stream}`, by number, name or title."""
    facts: dict[str, str] = {}
    for place, (field, display) in enumerate(zip(frame.fields, looks, strict=True)):
        value = field.values[row]
        text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        for name in (str(place), field.name, shown_name(field), display.name):
            facts.setdefault(f"__data.fields.{name}", text)
    return facts
