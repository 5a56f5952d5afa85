"""Any dashboard as the preview takes it: panels with ids and places, each value of its type."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from obs.dashboard_preview.board import COLUMNS
from obs.dashboards.json_values import Json, mapping, mappings, text, whole
from obs.dashboards.normalise.rows import rows_as_panels

_UID: Final = re.compile(r"[\w.-]{1,100}")
_LONGEST: Final = 10_000  # characters of a text
_HIGHEST: Final = 200
_LOWEST: Final = 20_000
_HEIGHT: Final = 8
_SPANS: Final = 12
_LISTS: Final = ("links", "targets", "transformations")
_TEXTS: Final = ("description", "interval", "repeat", "repeatDirection", "title", "type")


def _cut(value: Any) -> Any:
    """The value with long texts cut: looking for variables in them takes minutes."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
    if isinstance(value, list):
        return [_cut(each) for each in value]
    return {key: _cut(each) for key, each in value.items()} if isinstance(value, dict) else value


def all_readable(dashboards: Iterable[Mapping[str, Any]]) -> list[Json]:
    """The dashboards, readable, each under a uid of its own that an address can hold."""
    found: dict[str, Json] = {}
    for number, each in enumerate(dashboards, start=1):
        uid = text(each.get("uid"))
        if not _UID.fullmatch(uid) or uid in found:
            uid = f"board-{number}"
        found[uid] = readable({**each, "uid": uid})
    return list(found.values())


def readable(dashboard: Mapping[str, Any]) -> Json:
    """The dashboard with all that the preview reads of the type that it has in Grafana.

    What is of another type is left out, and long texts are cut. Rows of before Grafana 5 become
    panels with places.
    """
    dashboard = _cut(dict(dashboard))
    return {
        **dashboard,
        **{name: text(dashboard.get(name)) for name in ("description", "refresh", "title", "uid")},
        "annotations": {"list": mappings(mapping(dashboard.get("annotations")).get("list"))},
        "links": mappings(dashboard.get("links")),
        "panels": _panels(dashboard),
        "tags": _texts(dashboard.get("tags")),
        "templating": {"list": list(_variables(dashboard))},
        "time": {name: text(mapping(dashboard.get("time")).get(name)) for name in ("from", "to")},
    }


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _variables(dashboard: Mapping[str, Any]) -> Iterator[Json]:
    for each in mappings(mapping(dashboard.get("templating")).get("list")):
        if text(each.get("name")):
            yield {
                **each,
                **{name: text(each.get(name)) for name in ("allValue", "label", "regex", "type")},
                "current": mapping(each.get("current")),
                "sort": whole(each.get("sort")) or 0,
            }


def _panels(dashboard: Mapping[str, Any]) -> list[Json]:
    old = [
        {
            **row,
            "height": row.get("height") if isinstance(row.get("height"), int | str) else None,
            "panels": [{**each, "span": _span(each)} for each in mappings(row.get("panels"))],
        }
        for row in mappings(dashboard.get("rows"))
    ]
    listed = [*mappings(dashboard.get("panels")), *rows_as_panels(old)]
    placing = _Placing()
    return [placing.panel(each) for each in listed]


def _span(panel: Json) -> int:
    span = panel.get("span")
    wide = int(span) if isinstance(span, int | float) and not isinstance(span, bool) else 4
    return min(max(wide, 1), _SPANS)


class _Placing:
    """Gives ids and places to panels that have none."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._bottom = 0

    def panel(self, given: Json) -> Json:
        """The panel with its id, its place, and the panels in it."""
        panel = {**given, **{name: text(given.get(name)) for name in _TEXTS}}
        panel |= {name: mappings(given.get(name)) for name in _LISTS}
        is_row = panel["type"] == "row"
        place = self._place(mapping(given.get("gridPos")), is_row)
        self._bottom = max(self._bottom, place["y"] + place["h"])
        panel |= {
            "id": self._id(given.get("id")),
            "gridPos": place,
            "fieldConfig": _config(mapping(given.get("fieldConfig"))),
            "options": mapping(given.get("options")),
        }
        panel["panels"] = [self.panel(each) for each in mappings(given.get("panels"))]
        return panel

    def _id(self, given: object) -> int:
        identity = whole(given)
        if identity is None or identity in self._taken:
            identity = max(self._taken, default=0) + 1
        self._taken.add(identity)
        return identity

    def _place(self, given: Json, is_row: bool) -> dict[str, int]:
        x, y, w, h = (whole(given.get(key)) for key in "xywh")
        top = self._bottom if y is None else min(max(y, 0), _LOWEST)
        if is_row:
            return {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        width = min(max(w or COLUMNS, 1), COLUMNS)
        left = min(max(x or 0, 0), COLUMNS - width)
        return {"x": left, "y": top, "w": width, "h": min(max(h or _HEIGHT, 1), _HIGHEST)}


def _config(given: Json) -> Json:
    defaults = dict(mapping(given.get("defaults")))
    for name in ("color", "custom", "thresholds"):
        defaults[name] = mapping(defaults.get(name))
    for name in ("links", "mappings"):
        defaults[name] = mappings(defaults.get(name))
    defaults["thresholds"] = {
        **defaults["thresholds"],
        "steps": mappings(defaults["thresholds"].get("steps")),
    }
    overrides = [
        {
            **each,
            "matcher": mapping(each.get("matcher")),
            "properties": mappings(each.get("properties")),
        }
        for each in mappings(given.get("overrides"))
    ]
    return {**given, "defaults": defaults, "overrides": overrides}
