"""Panels and rows that a dashboard repeats for each chosen value of a variable, with places."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.dashboard_preview.board import COLUMNS, Json
from obs.dashboards.interpolate import Chosen, VariableScope

MOST: Final = 24
"""Copies of one panel or row that are drawn."""

_MOST_PER_ROW: Final = 4  # Grafana's own, where the panel does not say


@dataclass(frozen=True, slots=True)
class Copy:
    """A panel to draw, and the values of variables in it; copies have ids of their own."""

    json: Json
    scope: VariableScope


@dataclass(frozen=True, slots=True)
class _Value:
    """The copy of a value: its number, and the variables with it chosen."""

    number: int
    scope: VariableScope


def copies(board: Json, scope: VariableScope) -> list[Copy]:
    """Every panel and row of a dashboard, repeated ones for each value; inner panels follow their
    row. A repeated panel moves those below it down, as in Grafana.
    """
    found: list[Copy] = []
    down = 0
    for row, panels in _sections(board.get("panels") or []):
        for value in _values(row, scope):
            placed, lower = _placed(row, panels, value, down)
            found += placed
            down += lower
    return found


def left_out(board: Json, scope: VariableScope) -> Iterator[str]:
    """A sentence for each panel and row of which not every copy is drawn."""
    for panel in board.get("panels") or []:
        for each in (panel, *(panel.get("panels") or [])):
            chosen = scope.get(each.get("repeat") or "")
            if chosen and len(chosen.values) > MOST:
                yield (
                    f'"{each.get("title")}" is repeated {len(chosen.values)} times; the preview '
                    f"draws the first {MOST}"
                )


def _sections(panels: Iterable[Json]) -> Iterator[tuple[Json | None, list[Json]]]:
    """Each row with the panels that belong to it; first those that belong to none."""
    row: Json | None = None
    inside: list[Json] = []
    for panel in sorted(panels, key=_corner):
        if panel.get("type") == "row":
            if row is not None or inside:
                yield row, inside
            row, inside = panel, []
        else:
            inside.append(panel)
    if row is not None or inside:
        yield row, inside


def _corner(panel: Json) -> tuple[int, int]:
    return panel["gridPos"]["y"], panel["gridPos"]["x"]


def _values(panel: Json | None, scope: VariableScope) -> list[_Value]:
    """The values for which a panel or row is drawn; one where it is not repeated."""
    name = (panel or {}).get("repeat") or ""
    chosen = scope.get(name)
    if chosen is None or not chosen.values:
        return [_Value(0, scope)]
    return [
        _Value(number, {**scope, name: Chosen((value,), chosen.regex)})
        for number, value in enumerate(chosen.values[:MOST])
    ]


def _placed(
    row: Json | None, panels: Sequence[Json], value: _Value, down: int
) -> tuple[list[Copy], int]:
    """A row's copy with its panels, and by how much more what comes after it moves down."""
    if row is None:
        return _repeated(panels, value, down)
    high = max((_bottom(panel) for panel in panels), default=_bottom(row)) - row["gridPos"]["y"]
    below = high if value.number else 0  # each further copy stands below the one before it
    within, _ = _repeated(sorted(row.get("panels") or [], key=_corner), value, down + below)
    inside, longer = _repeated(panels, value, down + below)
    json = {**_numbered(row, value.number), "panels": [each.json for each in within]}
    return [Copy(_moved(json, down + below), value.scope), *within, *inside], longer + below


def _repeated(panels: Sequence[Json], value: _Value, down: int) -> tuple[list[Copy], int]:
    """The panels of one section, and by how much the repeated ones made it longer."""
    found: list[Copy] = []
    longer: list[tuple[int, int]] = []  # from which row of the grid on, and by how much
    for panel in panels:
        own = down + sum(more for at, more in longer if panel["gridPos"]["y"] >= at)
        numbered = _numbered(panel, value.number)
        values = _values(panel, value.scope)
        places = list(_places(panel, len(values)))
        for each, place in zip(values, places, strict=True):
            copy = {**_numbered(numbered, each.number), "gridPos": place}
            found.append(Copy(_moved(copy, own), each.scope))
        more = max(place["y"] + place["h"] for place in places) - _bottom(panel)
        longer.append((_bottom(panel), more))
    return found, sum(more for _, more in longer)


def _places(panel: Json, number: int) -> Iterator[dict[str, int]]:
    """Where Grafana puts the copies of a panel: side by side, or below each other."""
    place = panel["gridPos"]
    if not panel.get("repeat") or number < 1:
        yield dict(place)
    elif panel.get("repeatDirection") == "v":
        for index in range(number):
            yield {**place, "y": place["y"] + index * place["h"]}
    else:
        given: Any = panel.get("maxPerRow")
        across = given if isinstance(given, int) and 0 < given <= COLUMNS else _MOST_PER_ROW
        across = min(across, number)
        wide = COLUMNS // across
        for index in range(number):
            line, column = divmod(index, across)
            yield {**place, "x": column * wide, "w": wide, "y": place["y"] + line * place["h"]}


def _numbered(panel: Json, number: int) -> dict[str, Any]:
    """The copy with an id of its own; the first keeps the panel's."""
    return {**panel, "id": f"{panel.get('id')}-{number}"} if number else dict(panel)


def _moved(panel: Mapping[str, Any], down: int) -> dict[str, Any]:
    place = panel["gridPos"]
    return {**panel, "gridPos": {**place, "y": place["y"] + down}}


def _bottom(panel: Json) -> int:
    return int(panel["gridPos"]["y"] + panel["gridPos"]["h"])
