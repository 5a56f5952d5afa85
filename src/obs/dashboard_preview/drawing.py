"""Draws a panel with its query results: JSON for the page, which trusts none of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.context import Context, Drawn
from obs.dashboard_preview.evaluate import Panel
from obs.dashboard_preview.frames import Frame
from obs.dashboard_preview.heatmap import heatmap
from obs.dashboard_preview.odd import not_drawn
from obs.dashboard_preview.repeats import copies
from obs.dashboard_preview.table import table
from obs.dashboard_preview.text import text
from obs.dashboard_preview.timeline import state_timeline
from obs.dashboard_preview.timeseries import timeseries
from obs.dashboard_preview.transform import UnknownTransformation, transformed
from obs.dashboard_preview.values import bargauge, stat
from obs.dashboards.interpolate import for_text

_DRAWINGS: Final[Mapping[str, Callable[[Json, Sequence[Frame], Context], Drawn]]] = {
    "bargauge": bargauge,
    "gauge": bargauge,
    "heatmap": heatmap,
    "stat": stat,
    "state-timeline": state_timeline,
    "status-history": state_timeline,
    "table": table,
    "timeseries": timeseries,
}


def drawn(panel: Panel, context: Context) -> Drawn:
    """A panel as JSON for the page: its id, `errors`, and a `kind` with its content.

    Kinds: figure, stat, bars, table, text, empty (`text` says why).
    """
    kind = str(panel.json.get("type"))
    head = {"id": panel.json.get("id"), "errors": list(panel.errors)}
    if panel.undrawn:
        return head | _empty(not_drawn(panel.undrawn))
    if kind == "text":
        return head | text(panel.json, context)
    try:
        frames = transformed(panel.frames, panel.json.get("transformations") or [])
    except UnknownTransformation as unknown:
        return head | _empty(not_drawn(f"the transformation {unknown}"))
    if not any(frame.length for frame in frames):
        return head | _empty(for_text(panel.empty_text, context.scope))
    return head | _DRAWINGS[kind](panel.json, frames, context)


def _empty(text: str) -> Drawn:
    return {"kind": "empty", "text": text}


def outline(dashboard: Json, context: Context) -> list[Drawn]:
    """The place, title, description and links of every panel, of repeated ones for each value."""
    return [
        _outlined(copy.json, replace(context, scope=copy.scope))
        for copy in copies(dashboard, context.scope)
    ]


def _outlined(panel: Json, context: Context) -> Drawn:
    place = panel.get("gridPos") or {}
    links = (context.link(link, {}) for link in panel.get("links") or [])
    return {
        "id": panel.get("id"),
        "type": panel.get("type"),
        "title": for_text(str(panel.get("title") or ""), context.scope),
        "description": for_text(str(panel.get("description") or ""), context.scope),
        "transparent": bool(panel.get("transparent")),
        "collapsed": bool(panel.get("collapsed")),
        "within": [inner.get("id") for inner in panel.get("panels") or []],
        "place": {key: place.get(key, 0) for key in ("x", "y", "w", "h")},
        "links": [link for link in links if link],
    }
