"""The shapes: each a whole dashboard, and the mistakes in it that lint should report.

No dashboard here is anybody's: each is made from a part that varies (how a data source is named,
which panel type, which schema version, which query language) in a frame that is otherwise right.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
SELECTED: Final = 'job=~"$job",instance=~"$instance"'
RIGHT: Final = f"sum by (path) (rate(http_requests_total{{{SELECTED}}}[$__rate_interval]))"
TYPES: Final = (
    *("timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "state-timeline"),
    *("status-history", "barchart", "piechart", "histogram", "trend", "xychart", "candlestick"),
    *("geomap", "canvas", "logs", "nodeGraph", "traces", "flamegraph", "datagrid"),
)
WITHOUT_QUERIES: Final = (
    *("text", "news", "dashlist", "alertlist", "annolist", "welcome", "gettingstarted"),
)
REMOVED: Final = ("graph", "singlestat", "table-old", "grafana-piechart-panel")
VERSIONS: Final = range(6, 43)


@dataclass(frozen=True, slots=True)
class Shape:
    """A dashboard, and the rules that find a mistake in it: `wrong` by name, with how many times.

    Rules that are not in `wrong` and find something there are wrong themselves. `shows`: the words
    of the preview where a panel is not drawn, by the panel's title.
    """

    name: str
    json: Json
    wrong: dict[str, int] = field(default_factory=dict)
    shows: dict[str, str] = field(default_factory=dict)


def variable(name: str, **changes: Any) -> Json:
    return {
        "name": name,
        "label": name.title(),
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": f"label_values(up, {name})", "refId": "V"},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        **changes,
    }


def panel(**changes: Any) -> Json:
    return {
        "id": 1,
        "type": "timeseries",
        "title": "Requests",
        "description": "Answered by this service each second; none is bad.",
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8},
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": "reqps", "noValue": "None"}, "overrides": []},
        "targets": [target()],
        **changes,
    }


def target(expr: str = RIGHT, **changes: Any) -> Json:
    return {"refId": "A", "datasource": DATASOURCE, "expr": expr, **changes}


def board(*panels: Json, variables: tuple[Json, ...] = (), **changes: Any) -> Json:
    chosen = {"name": "datasource", "label": "Data source", "type": "datasource"}
    return {
        "uid": "shop",
        "title": "Shop",
        "editable": False,
        "schemaVersion": 42,
        "tags": [],
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {**chosen, "query": "prometheus"},
                variable("job"),
                variable("instance", hide=2),
                *variables,
            ]
        },
        "links": [
            {
                "title": "One",
                "type": "link",
                "url": "/d/one?var-job=${job}&var-instance=${instance}",
            }
        ],
        "annotations": {"list": []},
        "panels": list(panels or (panel(),)),
        **changes,
    }


def shapes() -> Iterator[Shape]:
    """All of them; names are unique."""
    yield from _data_sources()
    yield from _languages()
    yield from _panels()
    yield from _layouts()
    yield from _versions()
    yield from _variables()
    yield from _queries()
    yield from _of_v2()
    yield from _odd()


UNKNOWN: Final = {"panel-datasource-rule": 1}


def _data_sources() -> Iterator[Shape]:
    """A query's data source as string, object, variable, mixed, null, absent, of an input."""
    built_in = {"type": "datasource", "uid": "-- Mixed --"}
    cases: dict[str, tuple[Any, Any, dict[str, int]]] = {
        "an object": (DATASOURCE, DATASOURCE, {}),
        "a variable as text": ("$datasource", "$datasource", {}),
        "a variable in brackets": ("[[datasource]]", None, {}),
        "an object without type": ({"uid": "${datasource}"}, None, {}),
        "mixed, by name": ("-- Mixed --", DATASOURCE, {}),
        "mixed, by object": (built_in, DATASOURCE, {}),
        "a name": ("Prometheus", None, UNKNOWN),
        "a name that says nothing": ("Metrics", None, UNKNOWN),
        "a uid": ({"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}, None, UNKNOWN),
        "null": (None, None, UNKNOWN),
        "default": ("default", None, UNKNOWN),
        "an input": ("${DS_PROMETHEUS}", None, UNKNOWN),
    }
    broken = RIGHT.replace("))", ")")
    for name, (own, below, wrong) in cases.items():
        for query, found in ((RIGHT, {}), (broken, {"target-promql-rule": 1})):
            one = target(query, datasource=below)
            inputs = [{"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus"}]
            json = board(panel(datasource=own, targets=[one]), __inputs=inputs)
            what = "right" if query == RIGHT else "broken"
            yield Shape(f"data source: {name}, {what}", json, {**found, **wrong})
    absent = panel(targets=[{"refId": "A", "expr": RIGHT}])
    del absent["datasource"]
    yield Shape("data source: absent", board(absent), UNKNOWN)


def _languages() -> Iterator[Shape]:
    """Queries of other data sources, with their type and without."""
    queries: dict[str, Json] = {
        "loki": {"expr": '{app="shop"} != "debug" | json'},
        "influxdb": {"query": "SELECT mean(x) FROM y", "rawQuery": True},
        "elasticsearch": {"query": "level:error", "bucketAggs": [], "metrics": []},
        "cloudwatch": {"namespace": "AWS/Events", "metricName": "Invocations", "dimensions": {}},
        "graphite": {"target": "alias(a.b.c, 'd')"},
        "mysql": {"rawSql": "SELECT 1", "format": "table"},
        "tempo": {"query": "{ span.status = error }"},
        "grafana-testdata-datasource": {"scenarioId": "random_walk"},
        "victoriametrics-logs-datasource": {"expr": "error _time:5m | stats count()"},
    }
    for kind, query in queries.items():
        chosen = {
            **{"name": "other", "label": "Other", "type": "datasource", "query": kind},
        }
        words = {"template-datasource-rule": 4}  # names and labels should say the kind
        typed = {"type": kind, "uid": "${other}"}
        told = {"Requests": f"it queries {kind}."}
        for name, source in (("typed", typed), ("by its variable", {"uid": "${other}"})):
            one = {"refId": "A", "datasource": source, **query}
            json = board(panel(datasource=source, targets=[one]), variables=(chosen,))
            yield Shape(f"language: {kind} {name}", json, words, told)
        fields = {"refId": "A", "datasource": {"uid": "abc"}, **query}
        json = board(panel(datasource={"uid": "abc"}, targets=[fields]))
        unknown = {"Requests": "it queries a data source of unknown type."}
        yield Shape(f"language: {kind} untyped", json, UNKNOWN, unknown)
    expression = {
        "refId": "B",
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        "type": "math",
    }
    yield Shape("language: an expression", board(panel(targets=[target(), expression])))


def _panels() -> Iterator[Shape]:
    """Every type of panel of Grafana's core, with and without queries."""
    drawn = (
        *("timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "state-timeline"),
        "status-history",
    )
    for kind in TYPES:
        told = {} if kind in drawn else {"Requests": f"panels of type {kind}."}
        yield Shape(f"panel: {kind}", board(panel(type=kind)), {}, told)
    for kind in WITHOUT_QUERIES:
        bare = {"id": 1, "type": kind, "title": "", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 4}}
        yield Shape(f"panel: {kind}", board(bare, panel(id=2, gridPos=_at(4))))
    for kind in REMOVED:
        wrong = {"panel-deprecated-rule": 1}
        told = {"Requests": f"panels of type {kind}."}
        yield Shape(f"panel: {kind}", board(panel(type=kind)), wrong, told)
    plugin = panel(type="somebody-clock-panel", targets=[])
    yield Shape("panel: a plugin without queries", board(plugin))
    library = {**panel(), "libraryPanel": {"uid": "x", "name": "X"}}
    for name in ("targets", "description", "type", "datasource"):
        del library[name]
    more = {"Requests": "it is in Grafana's library of panels, not in the dashboard."}
    yield Shape("panel: of the library", board(library, variables=(variable("pod"),)), {}, more)
    empty = {"panel-no-targets-rule": 1}
    for name, targets in (("none", None), ("empty", [])):
        told = {"Requests": "it has no query."}
        yield Shape(f"panel: targets {name}", board(panel(targets=targets)), empty, told)
    hidden = panel(targets=[target(hide=True)])
    told = {"Requests": "all its queries are hidden."}
    yield Shape("panel: hidden queries", board(hidden), {}, told)


def _at(y: int, **changes: int) -> Json:
    return {"x": 0, "y": y, "w": 24, "h": 8, **changes}


def _layouts() -> Iterator[Shape]:
    """Rows of old, rows of today, rows without width, repeats."""
    row = {"id": 9, "type": "row", "title": "More", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}}
    one = panel(gridPos=_at(1))
    yield Shape("layout: an open row", board({**row, "panels": []}, one))
    yield Shape(
        "layout: a row without width",
        board({**row, "gridPos": {"x": 0, "y": 0, "w": 0, "h": 1}}, one),
    )
    shut = {**row, "collapsed": True, "panels": [one]}
    yield Shape("layout: a collapsed row", board(shut))
    old = panel(span=12)
    del old["gridPos"]
    rows = [{"title": "All", "height": "250px", "panels": [old]}, {"panels": []}, {"height": 3}]
    json = board(rows=rows, schemaVersion=14)
    del json["panels"]
    yield Shape("layout: rows of old", json, {"dashboard-schema-rule": 1})
    for direction in ("h", "v"):
        repeated = panel(repeat="job", repeatDirection=direction, maxPerRow=2)
        yield Shape(f"layout: repeated, {direction}", board(repeated))
    yield Shape("layout: a repeated row", board({**row, "repeat": "job"}, one))


def _versions() -> Iterator[Shape]:
    for version in VERSIONS:
        wrong = {"dashboard-schema-rule": 1} if version < 41 else {}
        yield Shape(f"version {version}", board(schemaVersion=version), wrong)


def _variables() -> Iterator[Shape]:
    kinds: dict[str, Json] = {
        "custom": {"query": "a, b : c"},
        "interval": {"query": "1m,5m", "auto": True},
        "constant": {"query": "x"},
        "textbox": {"query": ""},
        "adhoc": {"datasource": DATASOURCE, "filters": []},
        "groupby": {"datasource": DATASOURCE, "current": {"text": [], "value": []}},
        "switch": {"enabledValue": "on", "disabledValue": "off"},
        "query": {
            **{"datasource": DATASOURCE, "refresh": 2, "query": "label_values(job)"},
            "regex": "/^(?<text>[^-]+)-(?<value>.*)$/i",
        },
    }
    for kind, fields in kinds.items():
        one = {"name": "extra", "label": "Extra", "type": kind, **fields}
        json = board(panel(title="Of $extra"), variables=(one,))
        yield Shape(f"variable: {kind}", json)
    unused = {"name": "extra", "type": "custom", "query": "a"}
    wrong = {"template-unused-rule": 1}
    yield Shape("variable: unused", board(variables=(unused,)), wrong)


def _queries() -> Iterator[Shape]:
    """Queries that look odd and are right, and those that look right and are not."""
    right = {
        "a regular expression that must not match": f'sum(x{{{SELECTED},code!~"2.."}})',
        "NATS' default account": f'sum(x{{{SELECTED},account="$G"}})',
        "NATS' system account": f'sum(x{{{SELECTED},account=~"$SYS|APP"}})',
        "arithmetic on durations": f"sum(rate(x{{{SELECTED}}}[$__rate_interval + 1m]))",
        "a step in a range": f"sum(max_over_time(x{{{SELECTED}}}[max_of(step(), 5m)]))",
        "a subquery": f"max_over_time(sum(rate(x{{{SELECTED}}}[$__rate_interval]))[1h:1m])",
        "a comment": f"sum(x{{{SELECTED}}}) # not {{a",
        "a name with dots": f'sum({{"x.y",{SELECTED}}})',
        "several forms of one variable": 'sum(x{job=~"${job:pipe}",instance=~"[[instance]]"})',
    }
    for name, query in right.items():
        yield Shape(f"query: {name}", board(panel(targets=[target(query)])))
    wrong = {
        "or between matchers": (f'sum(x{{{SELECTED},a="b" or c="d"}})', "target-promql-rule"),
        "a brace left open": ('sum(x{job=~"$job"', "target-promql-rule"),
        "an unknown function": (f"median(x{{{SELECTED}}})", "target-promql-rule"),
        "a fixed range": (f"sum(rate(x{{{SELECTED}}}[5m]))", "target-rate-interval-rule"),
        "a counter": (f"sum(x_total{{{SELECTED}}})", "target-counter-agg-rule"),
        "a variable that is not there": (f'sum(x{{{SELECTED},a="$b"}})', "template-undefined-rule"),
        "an account's name in braces": (
            f'sum(x{{{SELECTED},a="${{G}}"}})',
            "template-undefined-rule",
        ),
    }
    for name, (query, rule) in wrong.items():
        yield Shape(f"query: {name}", board(panel(targets=[target(query)])), {rule: 1})
    lost = panel(targets=[target(f"sum by (a) (x{{{SELECTED}}})", legendFormat="{{b}}")])
    yield Shape("query: a legend of a label that is gone", board(lost), {"target-legend-rule": 1})
    for unit in ("mps", "suffix:orders", "short", "currencyEUR", "rowsps"):
        fields = {"defaults": {"unit": unit, "noValue": "None"}}
        yield Shape(f"unit: {unit}", board(panel(fieldConfig=fields)))
    fields = {"defaults": {"unit": "orders", "noValue": "None"}}
    unknown = {"panel-units-rule": 1}
    yield Shape("unit: made up", board(panel(fieldConfig=fields)), unknown)


def _of_v2() -> Iterator[Shape]:
    """Schema v2 in each of its layouts, and in the form of its first alpha."""
    element = {"kind": "ElementReference", "name": "p"}
    item = {"x": 0, "y": 0, "width": 24, "height": 8, "element": element}
    grid = {"kind": "GridLayout", "spec": {"items": [{"kind": "GridLayoutItem", "spec": item}]}}
    auto: Json = {"kind": "AutoGridLayout", "spec": {"items": [{"spec": {"element": element}}]}}
    group = {"kind": "RowsLayoutRow", "spec": {"title": "Row", "layout": grid}}
    layouts = {
        "grid": grid,
        "rows": {"kind": "RowsLayout", "spec": {"rows": [group]}},
        "tabs": {"kind": "TabsLayout", "spec": {"tabs": [{**group, "kind": "TabsLayoutTab"}]}},
        "auto grid": {**auto, "spec": {**auto["spec"], "maxColumnCount": 1}},
    }
    for name, layout in layouts.items():
        yield Shape(f"v2: {name}", _v2(layout))
    yield Shape("v2: the first alpha", _v2(grid, alpha=True))


def _v2(layout: Json, *, alpha: bool = False) -> Json:
    source = {"name": "${datasource}"}
    asked: Json = {"kind": "DataQuery", "group": "prometheus", "spec": {"expr": RIGHT}}
    query: Json = {"refId": "A", "hidden": False, "query": {**asked, "datasource": source}}
    shown: Json = {"kind": "VizConfig", "group": "timeseries"}
    if alpha:
        old = {"kind": "prometheus", "spec": {"expr": RIGHT}}
        query = {"refId": "A", "hidden": False, "query": old, "datasource": DATASOURCE}
        shown = {"kind": "timeseries"}
    config = {"defaults": {"unit": "reqps", "noValue": "None"}, "overrides": []}
    spec = {
        **{"id": 1, "title": "Requests", "links": []},
        "description": "Answered by this service each second; none is bad.",
        "data": {
            "kind": "QueryGroup",
            "spec": {"queries": [{"kind": "PanelQuery", "spec": query}], "transformations": []},
        },
        "vizConfig": {**shown, "spec": {"options": {}, "fieldConfig": config}},
    }
    chosen = {"name": "datasource", "label": "Data source", "pluginId": "prometheus"}
    return {
        "apiVersion": "dashboard.grafana.app/v2",
        "kind": "Dashboard",
        "metadata": {"name": "shop"},
        "spec": {
            "title": "Shop",
            "editable": False,
            "elements": {"p": {"kind": "Panel", "spec": spec}},
            "layout": layout,
            "links": [
                {
                    "title": "One",
                    "type": "link",
                    "url": "/d/one?var-job=${job}&var-instance=${instance}",
                }
            ],
            "annotations": [],
            "timeSettings": {"from": "now-1h", "to": "now", "autoRefresh": "30s"},
            "variables": [
                {"kind": "DatasourceVariable", "spec": chosen},
                *(_v2_variable(name, alpha=alpha) for name in ("job", "instance")),
            ],
        },
    }


def _v2_variable(name: str, *, alpha: bool) -> Json:
    asked: Json = {
        "kind": "DataQuery",
        "group": "prometheus",
        "datasource": {"name": "$datasource"},
    }
    if alpha:
        asked = {"kind": "prometheus"}
    spec: Json = {
        **{"name": name, "label": name.title(), "multi": True, "includeAll": True},
        **{"allValue": ".+", "refresh": "onTimeRangeChanged", "hide": "dontHide"},
        "query": {**asked, "spec": {"query": f"label_values(up, {name})"}},
    }
    if alpha:
        spec["datasource"] = {"type": "prometheus", "uid": "${datasource}"}
    return {"kind": "QueryVariable", "spec": spec}


ODD_FIELDS: Final = (
    *("unit", "thresholds", "mappings", "custom", "color", "min", "links", "decimals"),
)
ODD: Final[tuple[Any, ...]] = (None, "", "odd", -1, 1e300, True, [], [None, "x", 3], {}, {"a": "b"})


def _odd() -> Iterator[Shape]:
    """Values of the wrong type in every place, of which lint and preview may say anything."""
    for number, value in enumerate(ODD):
        for name in panel():
            yield Shape(f"odd: panel {name} {number}", board(panel(**{name: value})))
        for name in board():
            yield Shape(f"odd: board {name} {number}", board(**{name: value}))
        for name in variable("job"):
            one = {**variable("extra"), name: value}
            yield Shape(f"odd: variable {name} {number}", board(variables=(one,)))
        for name in target():
            json = board(panel(targets=[target(**({} if name == "expr" else {name: value}))]))
            yield Shape(f"odd: target {name} {number}", json)
        for name in (
            "unit",
            "thresholds",
            "mappings",
            "custom",
            "color",
            "min",
            "links",
            "decimals",
        ):
            fields = {"defaults": {name: value}, "overrides": [value, {"properties": value}]}
            for kind in ("timeseries", "stat", "table", "heatmap", "bargauge"):
                yield Shape(
                    f"odd: {kind} {name} {number}", board(panel(type=kind, fieldConfig=fields))
                )
        for name in ("id", "options"):
            json = board(panel(transformations=[{"id": "organize", name: value}]))
            yield Shape(f"odd: transformation {name} {number}", json)
