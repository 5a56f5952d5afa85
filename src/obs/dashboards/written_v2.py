"""Dashboards in Grafana's schema v2: the same panels in the same places, in rows of a layout.

`schema_v2` reads the schema back. Words and shapes are those of Grafana's foundation SDK, by which
the tests read what is written here.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from obs.dashboards.schema_v2 import CURSORS, HIDDEN, REFRESHES, SORTS

Json = dict[str, Any]

API_VERSION: Final = "dashboard.grafana.app/v2beta1"
"""Grafana serves it from 12.2 on, later ones beside v2."""

_PLUGINS: Final = "12.2.0"  # whose options the panels have
_INTERVALS: Final = ("5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d")
_OPTIONS: Final = {  # of a panel's queries
    "interval": "interval",
    "maxDataPoints": "maxDataPoints",
    "timeFrom": "timeFrom",
    "timeShift": "timeShift",
    "hideTimeOverride": "hideTimeOverride",
}
_PROMETHEUS: Final = "prometheus"


def spec_v2(classic: Mapping[str, Any]) -> Json:
    """The spec of this dashboard, which is in Grafana's classic model as obs builds it."""
    panels = [
        panel
        for row in classic["panels"]
        for panel in (row, *row.get("panels", ()))
        if panel["type"] != "row"
    ]
    time = classic["time"]
    return {
        "annotations": [_annotation(each) for each in classic["annotations"]["list"]],
        "cursorSync": CURSORS[classic.get("graphTooltip", 0)],
        "description": classic.get("description", ""),
        "editable": classic.get("editable", True),
        "elements": {_name(panel): _panel(panel) for panel in panels},
        "layout": _layout(classic["panels"]),
        "links": [_link(each) for each in classic.get("links", ())],
        "preload": False,
        "tags": classic.get("tags", []),
        "timeSettings": {
            "autoRefresh": classic.get("refresh", ""),
            "autoRefreshIntervals": [*_INTERVALS],
            "fiscalYearStartMonth": 0,
            "from": time["from"],
            "hideTimepicker": False,
            "timezone": classic.get("timezone", "browser"),
            "to": time["to"],
        },
        "title": classic["title"],
        "variables": [_variable(each) for each in classic["templating"]["list"]],
    }


def _name(panel: Mapping[str, Any]) -> str:
    return f"panel-{panel['id']}"


def _panel(panel: Mapping[str, Any]) -> Json:
    options = {new: panel[old] for old, new in _OPTIONS.items() if panel.get(old) is not None}
    return {
        "kind": "Panel",
        "spec": {
            "id": panel["id"],
            "title": panel.get("title", ""),
            "description": panel.get("description", ""),
            "links": panel.get("links", []),
            "data": {
                "kind": "QueryGroup",
                "spec": {
                    "queries": [_query(each) for each in panel.get("targets", ())],
                    "transformations": [
                        {"kind": each["id"], "spec": each}
                        for each in panel.get("transformations", ())
                    ],
                    "queryOptions": options,
                },
            },
            "vizConfig": {
                "kind": "VizConfig",
                "group": panel["type"],
                "version": panel.get("pluginVersion", _PLUGINS),
                "spec": {"options": panel["options"], "fieldConfig": panel["fieldConfig"]},
            },
        },
    }


def _query(target: Mapping[str, Any]) -> Json:
    beside = ("datasource", "hide", "refId")
    spec = {name: value for name, value in target.items() if name not in beside}
    return {
        "kind": "PanelQuery",
        "spec": {
            "refId": target["refId"],
            "hidden": target.get("hide", False),
            "query": _data_query(target.get("datasource"), spec),
        },
    }


def _data_query(datasource: Mapping[str, Any] | None, spec: Mapping[str, Any]) -> Json:
    source = datasource or {}
    named = {"datasource": {"name": source["uid"]}} if source.get("uid") else {}
    group = source.get("type", _PROMETHEUS)
    return {"kind": "DataQuery", "group": group, "version": "v0", **named, "spec": dict(spec)}


def _layout(panels: Sequence[Mapping[str, Any]]) -> Json:
    """A row for each row, and one without a title for what stands above the first."""
    return {"kind": "RowsLayout", "spec": {"rows": list(_rows(panels))}}


def _rows(panels: Sequence[Mapping[str, Any]]) -> Iterator[Json]:
    begins = [index for index, panel in enumerate(panels) if panel["type"] == "row"]
    above = begins[0] if begins else len(panels)
    if above:
        yield _row({"hideHeader": True}, panels[:above], 0)
    for begin, end in pairwise([*begins, len(panels)]):
        row = panels[begin]
        inside = [*row.get("panels", ()), *panels[begin + 1 : end]]
        fields = {"title": row["title"], "collapse": bool(row.get("collapsed"))}
        if repeat := row.get("repeat"):
            fields["repeat"] = {"mode": "variable", "value": repeat}
        yield _row(fields, inside, row["gridPos"]["y"] + 1)


def _row(fields: Json, panels: Sequence[Mapping[str, Any]], top: int) -> Json:
    items = [_item(panel, top) for panel in panels]
    grid = {"kind": "GridLayout", "spec": {"items": items}}
    return {"kind": "RowsLayoutRow", "spec": {**fields, "layout": grid}}


def _item(panel: Mapping[str, Any], top: int) -> Json:
    place = panel["gridPos"]
    spec: Json = {
        "x": place["x"],
        "y": place["y"] - top,
        "width": place["w"],
        "height": place["h"],
        "element": {"kind": "ElementReference", "name": _name(panel)},
    }
    if repeat := panel.get("repeat"):
        spec["repeat"] = {
            "mode": "variable",
            "value": repeat,
            "direction": panel.get("repeatDirection", "h"),
        }
        if most := panel.get("maxPerRow"):
            spec["repeat"]["maxPerRow"] = most
    return {"kind": "GridLayoutItem", "spec": spec}


def _annotation(each: Mapping[str, Any]) -> Json:
    own = ("datasource", "enable", "hide", "iconColor", "name", "target")
    rest = {name: value for name, value in each.items() if name not in own}
    query = each.get("target", rest)
    legacy = {} if "target" in each else {"legacyOptions": rest}
    return {
        "kind": "AnnotationQuery",
        "spec": {
            "enable": each["enable"],
            "hide": each.get("hide", False),
            "iconColor": each["iconColor"],
            "name": each["name"],
            "query": _data_query(each["datasource"], query),
            **legacy,
        },
    }


def _link(each: Mapping[str, Any]) -> Json:
    known = ("title", "type", "icon", "tooltip", "url", "tags")
    flags = ("asDropdown", "targetBlank", "includeVars", "keepTime")
    return {name: each[name] for name in (*known, *flags) if name in each}


def _variable(each: Mapping[str, Any]) -> Json:
    common = {
        "name": each["name"],
        "label": each.get("label", ""),
        "hide": HIDDEN[each.get("hide", 0)],
        "refresh": REFRESHES[each.get("refresh", 0)],
        "skipUrlSync": False,
        "multi": each.get("multi", False),
        "includeAll": each.get("includeAll", False),
        "allowCustomValue": True,
        "options": [],
        "regex": each.get("regex", ""),
        "current": _chosen(each.get("current") or {"text": "", "value": ""}),
        **({"allValue": each["allValue"]} if each.get("allValue") else {}),
    }
    if each["type"] == "datasource":
        return {"kind": "DatasourceVariable", "spec": {**common, "pluginId": each["query"]}}
    return {
        "kind": "QueryVariable",
        "spec": {
            **common,
            "definition": each["definition"],
            "sort": SORTS[each.get("sort", 0)],
            "query": _data_query(each.get("datasource"), each["query"]),
        },
    }


def _chosen(current: Mapping[str, Any]) -> Json:
    return {name: current[name] for name in ("selected", "text", "value") if name in current}
