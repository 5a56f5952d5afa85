"""Rules on the positions of panels: Grafana's grid has 24 columns."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from obs.dashboard_lint.finding import Severity
from obs.dashboard_lint.model import ROW, Panel
from obs.dashboard_lint.rules.rule import error
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboards.json_values import mapping, whole

COLUMNS: Final = 24


class _Place(NamedTuple):
    panel: Panel
    left: int
    top: int
    right: int
    bottom: int


def _ids(subject: Subject) -> Iterator[Remark]:
    panels = subject.dashboard.panels
    times = Counter(panel.id for panel in panels)
    for panel in panels:
        if panel.id is None:
            yield Remark("has no id, so nothing can link to it; set a unique number", panel)
        elif times[panel.id] > 1:
            yield Remark(
                f"{times[panel.id]} panels have the id {panel.id}; set unique numbers", panel
            )


def _layout(subject: Subject) -> Iterator[Remark]:
    if "rows" in subject.dashboard.json:  # before Grafana 5 there was no grid
        return
    groups: dict[int, list[_Place]] = {}
    for panel in subject.dashboard.panels:
        place, problem = _place(panel)
        if problem:
            yield Remark(problem, panel)
        if place is not None:
            groups.setdefault(panel.group, []).append(place)
    for group, places in groups.items():
        yield from _overlaps(places)
        yield from _gaps(places, 0 if group == 0 else min(place.top for place in places))


def _place(panel: Panel) -> tuple[_Place | None, str]:
    where = mapping(panel.json.get("gridPos"))
    x, y, w, h = (whole(where.get(key)) for key in "xywh")
    if panel.type == ROW and y is not None:  # Grafana draws a row over all columns
        x, w, h = 0, COLUMNS, 1
    if x is None or y is None or w is None or h is None:
        return None, "has no position; gridPos requires whole numbers x, y, w and h"
    if w < 1 or h < 1:
        return None, f"is {w} wide and {h} high, so it is invisible"
    place = _Place(panel, x, y, x + w, y + h)
    if x < 0 or y < 0 or place.right > COLUMNS:
        return (
            place,
            f"is at x {x} to {place.right}, y {y}; the grid has columns 0 to {COLUMNS}",
        )
    return place, ""


def _overlaps(places: Sequence[_Place]) -> Iterator[Remark]:
    """One remark for each panel that overlaps another one above or left of it."""
    above: list[_Place] = []
    for place in sorted(places, key=lambda each: (each.top, each.left)):
        above = [each for each in above if each.bottom > place.top]
        for other in above:
            if other.left < place.right and place.left < other.right:
                yield Remark(f'covers panel "{other.panel.title}" ({other.panel.id})', place.panel)
                break
        above.append(place)


def _gaps(places: Sequence[_Place], top: int) -> Iterator[Remark]:
    """Panels with free space above them; Grafana moves them up."""
    lowest = [top] * COLUMNS  # how far down each column is taken
    for place in sorted(places, key=lambda each: (each.top, each.left)):
        columns = range(max(place.left, 0), min(place.right, COLUMNS))
        runs = _runs([column for column in columns if lowest[column] < place.top])
        if runs:
            spans = ", ".join(f"{first} to {last}" for first, last in runs)
            message = f"leaves a gap above it in columns {spans}"
            yield Remark(message, place.panel, severity=Severity.WARNING)
        for column in columns:
            lowest[column] = max(lowest[column], place.bottom)


def _runs(columns: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring columns as (first, one past the last)."""
    if not columns:
        return []
    breaks = [index for index, (a, b) in enumerate(pairwise(columns), start=1) if b != a + 1]
    bounds = [0, *breaks, len(columns)]
    return [(columns[a], columns[b - 1] + 1) for a, b in pairwise(bounds)]


RULES: Final = (
    error("panel-id-rule", "Each panel has a unique id.", _ids),
    error(
        "panel-layout-rule",
        "Panels are within the grid, do not overlap, and leave no gap (a warning).",
        _layout,
    ),
)
