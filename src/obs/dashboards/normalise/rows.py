"""Rows: panels among the others; the old ones, that held panels without places, become such."""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

from obs.dashboards.normalise.plain import Json

_COLUMNS: Final = 24
_SPANS: Final = 12  # the columns of a row of old
_CELL: Final = 38  # pixels of a grid unit with the gap below it
_LEAST: Final = 3
_HEIGHT: Final = "250px"


def rows_as_panels(rows: list[Json]) -> list[Json]:
    """Panels with places on the grid, from grafanalib's `Row`: 12 columns, heights in pixels."""
    titled = any(row.get("showTitle") or row.get("collapse") or row.get("repeat") for row in rows)
    panels: list[Json] = []
    top = 0
    for row in rows:
        if titled:
            panels.append(_row_panel(row, top))
            top += 1
        placed = list(_placed(row, top))
        top = max([top, *(_bottom(panel) for panel in placed)])
        if row.get("collapse"):
            panels[-1]["panels"] = placed
        else:
            panels += placed
    return panels


def regrouped(panels: list[Json]) -> list[Json]:
    """The panels with those of collapsed rows inside them, and those of open rows behind them."""
    whole: list[Json] = []
    collapsed: Json | None = None
    for panel in panels:
        if panel.get("type") != "row":
            (whole if collapsed is None else collapsed["panels"]).append(panel)
            continue
        inside = list(panel.get("panels") or ())
        if panel.get("collapsed"):
            row = {**panel, "panels": inside}
            collapsed = None if inside else row
            whole.append(row)
        else:
            collapsed = None
            whole += [{**panel, "panels": []}, *inside]
    return whole


def _row_panel(row: Json, top: int) -> Json:
    return {
        "type": "row",
        "title": row.get("title"),
        "collapsed": bool(row.get("collapse")),
        "repeat": row.get("repeat"),
        "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": top},
    }


def _placed(row: Json, top: int) -> Iterator[Json]:
    left, deepest = 0, top
    for panel in row.get("panels") or ():
        width = min(_COLUMNS, int((panel.get("span") or 4) * _COLUMNS / _SPANS))
        height = _units(panel.get("height") or row.get("height") or _HEIGHT)
        if left + width > _COLUMNS:
            left, top = 0, deepest
        place = {"h": height, "w": width, "x": left, "y": top}
        yield {**panel, "gridPos": panel.get("gridPos") or place}
        left, deepest = left + width, max(deepest, top + height)


def _units(height: Any) -> int:
    pixels = re.match(r"\d+", str(height))
    return max(_LEAST, math.ceil(int(pixels[0]) / _CELL)) if pixels else _LEAST


def _bottom(panel: Json) -> int:
    return int(panel["gridPos"]["y"] + panel["gridPos"]["h"])
