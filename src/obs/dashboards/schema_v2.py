"""Dashboards of schema v2, which Grafana 13 exports, as classic ones: same panels, same places.

The classic model is what lint and preview read. A tab becomes a row, a grid that Grafana fills by
itself gets places, and what the classic model has no word for is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from obs.dashboards.json_values import Json, mapping, mappings, text, whole
from obs.dashboards.normalise import SCHEMA_VERSION

_COLUMNS: Final = 24
_HEIGHT: Final = 8  # rows of the grid that a panel has where the file does not say
_ROW: Final = {"h": 1, "w": _COLUMNS, "x": 0}
_LATER: Final = 1_000  # library panels and rows get ids from here on, as they have none
_DEEPEST: Final = 20  # rows and tabs within each other
_TYPES: Final = {"AdhocVariable": "adhoc", "GroupByVariable": "groupby", "TextVariable": "textbox"}
REFRESHES: Final = ("never", "onDashboardLoad", "onTimeRangeChanged")
HIDDEN: Final = ("dontHide", "hideLabel", "hideVariable")
SORTS: Final = (
    *("disabled", "alphabeticalAsc", "alphabeticalDesc", "numericalAsc", "numericalDesc"),
    *("alphabeticalCaseInsensitiveAsc", "alphabeticalCaseInsensitiveDesc"),
    *("naturalAsc", "naturalDesc"),
)
CURSORS: Final = ("Off", "Crosshair", "Tooltip")


def is_v2(document: Json) -> bool:
    """Whether this is the spec of a dashboard of schema v2."""
    return isinstance(document.get("elements"), dict) and isinstance(document.get("layout"), dict)


def classic(spec: Json) -> Json:
    """The dashboard of this spec in Grafana's classic model; `uid` stays where it is given."""
    time = mapping(spec.get("timeSettings"))
    placing = _Placing(mapping(spec.get("elements")))
    panels = list(placing.of_layout(mapping(spec.get("layout")), 0))
    known = ("uid", "title", "description", "tags", "links", "editable", "preload", "liveNow")
    return {
        **{name: spec[name] for name in known if name in spec},
        "schemaVersion": SCHEMA_VERSION,
        "graphTooltip": _place(CURSORS, spec.get("cursorSync")),
        "time": {name: time[name] for name in ("from", "to") if name in time},
        "timezone": time.get("timezone"),
        "refresh": time.get("autoRefresh"),
        "annotations": {"list": [_annotation(each) for each in mappings(spec.get("annotations"))]},
        "templating": {"list": [_variable(each) for each in mappings(spec.get("variables"))]},
        "panels": panels,
    }


class _Placing:
    """Puts elements into places; `_last` is the last id that was given to what has none."""

    def __init__(self, elements: Json) -> None:
        self._elements = elements
        self._last = _LATER

    def of_layout(self, layout: Json, top: int, depth: int = 0) -> Iterator[Json]:
        """The panels of a layout that begins at the row `top` of the grid."""
        spec = mapping(layout.get("spec"))
        kind = text(layout.get("kind"))
        if kind in _CONTAINERS and depth < _DEEPEST:
            yield from self._of_groups(mappings(spec.get(_CONTAINERS[kind])), top, depth)
        elif kind == "AutoGridLayout":
            yield from self._of_auto_grid(spec, top)
        else:
            for item in mappings(spec.get("items")):
                yield from self._of_item(item, top, depth)

    def _of_groups(self, groups: list[Json], top: int, depth: int) -> Iterator[Json]:
        for group in groups:
            fields = mapping(group.get("spec"))
            first = top + (not fields.get("hideHeader"))
            inside = list(self.of_layout(mapping(fields.get("layout")), first, depth + 1))
            yield from self._row(fields, inside, top)
            top = max([first, *(_bottom(panel) for panel in inside)])

    def _row(self, fields: Json, inside: list[Json], top: int) -> Iterator[Json]:
        """A row with its panels: within it where it is collapsed, else behind it."""
        collapsed = fields.get("collapse") is True or fields.get("collapsed") is True
        flat = not any(panel.get("type") == "row" for panel in inside)
        self._last += 1
        if not fields.get("hideHeader"):
            yield {
                "id": self._last,
                "type": "row",
                "title": text(fields.get("title")),
                "collapsed": collapsed and flat,
                "gridPos": {**_ROW, "y": top},
                "panels": inside if collapsed and flat else [],
                **_repeat(fields),
            }
        if fields.get("hideHeader") or not (collapsed and flat):
            yield from inside

    def _of_item(self, item: Json, top: int, depth: int) -> Iterator[Json]:
        fields = mapping(item.get("spec"))
        y = top + (whole(fields.get("y")) or 0)
        if item.get("kind") == "GridLayoutRow":  # v2alpha1
            inside = [
                panel
                for below in mappings(fields.get("elements"))
                for panel in self._of_item(below, y + 1, depth)
            ]
            yield from self._row(fields, inside, y)
            return
        place = {
            "h": whole(fields.get("height")) or _HEIGHT,
            "w": whole(fields.get("width")) or _COLUMNS,
            "x": whole(fields.get("x")) or 0,
            "y": y,
        }
        yield from self._placed(fields, place)

    def _of_auto_grid(self, spec: Json, top: int) -> Iterator[Json]:
        across = min(max(whole(spec.get("maxColumnCount")) or 3, 1), _COLUMNS)
        width = _COLUMNS // across
        for number, item in enumerate(mappings(spec.get("items"))):
            line, column = divmod(number, across)
            place = {"h": _HEIGHT, "w": width, "x": column * width, "y": top + line * _HEIGHT}
            yield from self._placed(mapping(item.get("spec")), place)

    def _placed(self, fields: Json, place: Json) -> Iterator[Json]:
        name = text(mapping(fields.get("element")).get("name"))
        element = mapping(self._elements.get(name))
        if element:
            self._last += 1
            own = _panel(mapping(element.get("spec")), self._last)
            yield {**own, "gridPos": place, **_repeat(fields)}


_CONTAINERS: Final = {"RowsLayout": "rows", "TabsLayout": "tabs"}


def _bottom(panel: Json) -> int:
    inside = max((_bottom(each) for each in mappings(panel.get("panels"))), default=0)
    return max(inside, int(panel["gridPos"]["y"]) + int(panel["gridPos"]["h"]))


def _repeat(fields: Json) -> Json:
    """Repetition and conditions of a row, a tab or a panel."""
    repeat = mapping(fields.get("repeat"))
    found: Json = {}
    if repeat:
        found["repeat"] = text(repeat.get("value"))
        found["repeatDirection"] = text(repeat.get("direction")) or "h"
    if repeat.get("maxPerRow"):
        found["maxPerRow"] = repeat["maxPerRow"]
    if condition := mapping(fields.get("conditionalRendering")):
        found["conditionalRendering"] = condition
    return found


def _panel(spec: Json, number: int) -> Json:
    shown, data = mapping(spec.get("vizConfig")), mapping(mapping(spec.get("data")).get("spec"))
    drawn = mapping(shown.get("spec"))
    identity = whole(spec.get("id"))
    targets = [_target(mapping(each.get("spec"))) for each in mappings(data.get("queries"))]
    panel: Json = {
        "id": number if identity is None else identity,
        "title": spec.get("title"),
        "description": spec.get("description"),
        "links": spec.get("links"),
        "type": text(shown.get("group")) or text(shown.get("kind")),
        "options": drawn.get("options"),
        "fieldConfig": drawn.get("fieldConfig"),
        "targets": targets,
        "transformations": [
            {"id": text(each.get("group")) or each.get("kind"), **mapping(each.get("spec"))}
            for each in mappings(data.get("transformations"))
        ],
        **mapping(data.get("queryOptions")),
    }
    if "libraryPanel" in spec:
        panel["libraryPanel"] = spec["libraryPanel"]
    return {name: value for name, value in panel.items() if value is not None}


def _target(spec: Json) -> Json:
    query = mapping(spec.get("query"))
    own = {"refId": spec.get("refId"), "hide": spec.get("hidden") is True}
    return {**mapping(query.get("spec")), **own, "datasource": _datasource(query, spec)}


def _datasource(query: Json, spec: Mapping[str, Any]) -> Json | None:
    """The reference to a data source, of v2 in the query and of v2alpha1 beside it."""
    kind = text(query.get("group"))
    if not kind and query.get("kind") != "DataQuery":
        kind = text(query.get("kind"))
    beside = mapping(spec.get("datasource"))
    uid = text(mapping(query.get("datasource")).get("name")) or text(beside.get("uid"))
    found = {"type": kind or text(beside.get("type")), "uid": uid}
    return {name: value for name, value in found.items() if value} or None


def _annotation(each: Json) -> Json:
    spec = mapping(each.get("spec"))
    query = mapping(spec.get("query"))
    rest = {name: value for name, value in spec.items() if name not in ("query", "legacyOptions")}
    old = mapping(spec.get("legacyOptions"))
    source = _datasource(query, spec)
    return {**old, **mapping(query.get("spec")), **rest, "datasource": source}


def _variable(each: Json) -> Json:
    kind, spec = text(each.get("kind")), mapping(each.get("spec"))
    found: Json = {**spec, "type": _TYPES.get(kind, kind.removesuffix("Variable").lower())}
    found["hide"] = _place(HIDDEN, spec.get("hide"))
    found["refresh"] = _place(REFRESHES, spec.get("refresh"))
    found["sort"] = _place(SORTS, spec.get("sort"))
    if kind == "QueryVariable":
        query = mapping(spec.get("query"))
        asked = mapping(query.get("spec"))
        found["query"] = asked.get("__legacyStringValue") or asked
        found["datasource"] = _datasource(query, spec)
    elif kind == "DatasourceVariable":
        found["query"] = spec.get("pluginId")
    elif kind in ("AdhocVariable", "GroupByVariable"):
        found["datasource"] = _datasource(each, spec)
    return found


def _place(words: tuple[str, ...], word: object) -> int:
    return words.index(word) if isinstance(word, str) and word in words else 0
