"""Builders of panels. Each gives a panel of grafanalib with an id from its key, in modern shape.

A key, such as `consumer/lag`, says which page a panel is on, and stays what it is when the panel
moves: Grafana's links to panels, alerts among them, lead by ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.limits import Step
from obs.ids import panel_id

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
NO_STEPS: Final[tuple[Step, ...]] = ({"color": theme.GOOD, "value": None},)

Json = dict[str, Any]
Legend = Literal["table", "list", "hidden"]
Reduce = Literal["lastNotNull", "max", "min", "mean", "sum"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `legend` names each series by its labels, as `{{consumer}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What panels of numbers have: how values are written, coloured, and what an empty one says.

    `links` are data links. `minimum` and `maximum` bound the axis or the bar.
    """

    unit: str
    steps: Sequence[Step] = NO_STEPS
    none: str = "No data"
    decimals: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    mappings: Sequence[Json] = ()
    links: Sequence[Json] = ()
    interval: str | None = None  # the least step between points: what the source is polled every


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: what `expr` says of each row."""

    title: str
    expr: str
    unit: str = "short"
    steps: Sequence[Step] = ()
    mappings: Sequence[Json] = ()
    decimals: float | None = None
    width: int | None = None
    gauge: tuple[float, float] | None = None  # draw a bar between these bounds


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rows of a table are: labels as titled columns, where a click on each leads, the
    colours of their values, widths in pixels, and labels that only links need.
    """

    labels: Mapping[str, str]
    links: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    mappings: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
    hidden: Sequence[str] = ()


def lines(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    look: Look,
    *,
    legend: Legend = "table",
    stacked: bool = False,
    bars: bool = False,
    limits: bool = True,
    colours: Mapping[str, str] | None = None,
    dashed: Sequence[str] = (),
) -> core.TimeSeries:
    """Values over time.

    `limits` draws the threshold steps as lines; `colours` gives series of a name their colour,
    and `dashed` ones are drawn as limits are.
    """
    drawn = limits and len(look.steps) > 1
    custom: Json = {
        "drawStyle": "bars" if bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 60 if bars else 25 if stacked else 8,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if drawn else "off"},
        "axisPlacement": "auto",
        "scaleDistribution": {"type": "linear"},
    }
    overrides = [
        *(_named(name, ("color", theme.fixed(colour))) for name, colour in (colours or {}).items()),
        *(_named(name, *_DASHED) for name in dashed),
    ]
    return core.TimeSeries(
        **_common(key, title, description, queries, look),
        extraJson={
            "fieldConfig": {
                "defaults": {**_defaults(look), "color": theme.BY_NAME, "custom": custom},
                "overrides": overrides,
            },
            "options": {
                "legend": _legend(legend),
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
        },
    )


def stat(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    look: Look,
    *,
    background: bool = False,
    sparkline: bool = False,
    reduce: Reduce = "lastNotNull",
    text: Literal["auto", "value", "name", "value_and_name"] = "auto",
) -> core.Stat:
    """One number, or one for each series, in the colour of its threshold."""
    return core.Stat(
        **_common(key, title, description, queries, look, instant=not sparkline),
        extraJson={
            "fieldConfig": {
                "defaults": {**_defaults(look), "color": theme.BY_THRESHOLD},
                "overrides": [],
            },
            "options": {
                "colorMode": "background" if background else "value",
                "graphMode": "area" if sparkline else "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": {"calcs": [reduce], "fields": "", "values": False},
                "textMode": text,
                "wideLayout": True,
            },
        },
    )


def bar_gauge(
    key: str, title: str, description: str, queries: Sequence[Query], look: Look
) -> core.BarGauge:
    """A bar for each series, from `look.minimum` to `look.maximum`."""
    return core.BarGauge(
        **_common(key, title, description, queries, look, instant=True),
        extraJson={
            "fieldConfig": {
                "defaults": {**_defaults(look), "color": theme.BY_THRESHOLD},
                "overrides": [],
            },
            "options": {
                "displayMode": "basic",
                "orientation": "horizontal",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "showUnfilled": True,
                "valueMode": "color",
                "namePlacement": "auto",
                "sizing": "auto",
                "minVizHeight": 16,
                "minVizWidth": 8,
                "maxVizHeight": 40,
            },
        },
    )


def states(
    key: str, title: str, description: str, queries: Sequence[Query], look: Look
) -> core.StateTimeline:
    """One bar a series over time, coloured by its value's mapping."""
    return core.StateTimeline(
        **_common(key, title, description, queries, look),
        extraJson={
            "fieldConfig": {
                "defaults": {
                    **_defaults(look),
                    "color": theme.BY_THRESHOLD,
                    "custom": {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False},
                },
                "overrides": [],
            },
            "options": {
                "alignValue": "left",
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "mergeValues": True,
                "rowHeight": 0.8,
                "showValue": "never",
                "tooltip": {"mode": "single", "sort": "none"},
            },
        },
    )


def table(
    key: str,
    title: str,
    description: str,
    rows: Rows,
    columns: Sequence[Column],
    look: Look,
    *,
    sort_by: str,
    descending: bool = True,
) -> core.Table:
    """One row for each combination of the labels, one column for each expression."""
    titles = [*rows.labels.values(), *(column.title for column in columns)]
    values = _value_fields(len(columns))
    renamed = {
        **rows.labels,
        **{
            name: column.title
            for names, column in zip(values, columns, strict=True)
            for name in names
        },
    }
    order = {name: titles.index(title) for name, title in renamed.items()}
    return core.Table(
        **_common(
            key,
            title,
            description,
            [Query(column.expr) for column in columns],
            look,
            instant=True,
            form="table",
        ),
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": order,
                    "renameByName": renamed,
                },
            },
        ],
        extraJson={
            "fieldConfig": {
                "defaults": {
                    **_defaults(look),
                    "color": theme.BY_THRESHOLD,
                    "custom": {
                        "align": "auto",
                        "cellOptions": {"type": "auto"},
                        "filterable": False,
                        "inspect": False,
                    },
                },
                "overrides": [
                    *(_column(column) for column in columns),
                    *(
                        _named(rows.labels[label], ("links", list(links)))
                        for label, links in rows.links.items()
                    ),
                    *(
                        _named(
                            rows.labels[label],
                            ("mappings", list(mappings)),
                            ("custom.cellOptions", {"type": "color-text"}),
                        )
                        for label, mappings in rows.mappings.items()
                    ),
                    *(
                        _named(rows.labels[label], ("custom.width", width))
                        for label, width in rows.widths.items()
                    ),
                    *(_named(rows.labels[label], *_HIDDEN) for label in rows.hidden),
                ],
            },
            "options": {
                "cellHeight": "sm",
                "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
                "showHeader": True,
                "sortBy": [{"displayName": sort_by, "desc": descending}],
            },
        },
    )


def note(key: str, title: str, description: str, markdown: str) -> core.Text:
    """Words."""
    return core.Text(
        title=title,
        description=description,
        id=panel_id(key),
        content=markdown,
        mode="markdown",
    )


def _common(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    look: Look,
    *,
    instant: bool = False,
    form: str = "time_series",
) -> Json:
    return {
        "title": title,
        "description": description,
        "id": panel_id(key),
        "dataSource": DATASOURCE,
        "interval": look.interval,
        "targets": [
            core.Target(
                expr=query.expr,
                legendFormat=query.legend,
                refId=chr(ord("A") + index),
                instant=instant,
                format=form,
                datasource=DATASOURCE,
            )
            for index, query in enumerate(queries)
        ],
    }


def _defaults(look: Look) -> Json:
    bounds = {"min": look.minimum, "max": look.maximum, "decimals": look.decimals}
    return {
        "unit": look.unit,
        "noValue": look.none,
        "thresholds": {"mode": "absolute", "steps": list(look.steps)},
        **({"mappings": list(look.mappings)} if look.mappings else {}),
        **({"links": list(look.links)} if look.links else {}),
        **{name: value for name, value in bounds.items() if value is not None},
    }


def _legend(form: Legend) -> Json:
    if form == "hidden":
        return {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []}
    calcs = ["lastNotNull", "max"] if form == "table" else []
    return {"displayMode": form, "placement": "bottom", "showLegend": True, "calcs": calcs}


_DASHED: Final = (
    ("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
    ("custom.fillOpacity", 0),
    ("custom.stacking", {"mode": "none", "group": "B"}),
)


_HIDDEN: Final = (
    ("custom.hidden", True),
    ("custom.hideFrom", {"viz": True, "legend": True, "tooltip": True}),
)
"""What takes a column from sight, before and since Grafana 12.2."""


def _named(name: str, *properties: tuple[str, Any]) -> Json:
    """An override of the series or column of this name; of several by a regular expression."""
    matcher = (
        {"id": "byRegexp", "options": name}
        if name.startswith("/")
        else {"id": "byName", "options": name}
    )
    return {
        "matcher": matcher,
        "properties": [{"id": each, "value": value} for each, value in properties],
    }


def _column(column: Column) -> Json:
    properties: list[tuple[str, Any]] = [("unit", column.unit)]
    if column.decimals is not None:
        properties.append(("decimals", column.decimals))
    if column.mappings:
        properties.append(("mappings", list(column.mappings)))
    if column.steps:
        properties.append(("thresholds", {"mode": "absolute", "steps": list(column.steps)}))
    if column.gauge:
        low, high = column.gauge
        properties += [
            ("min", low),
            ("max", high),
            ("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
        ]
    elif column.steps or column.mappings:
        properties.append(("custom.cellOptions", {"type": "color-text"}))
    if column.width:
        properties.append(("custom.width", column.width))
    return _named(column.title, *properties)


def _value_fields(count: int) -> list[tuple[str, ...]]:
    """What Grafana calls the values of each query; of an only one it leaves the letter out."""
    if count == 1:
        return [("Value", "Value #A")]
    return [(f"Value #{chr(ord('A') + index)}",) for index in range(count)]
