"""Builders of panels. Each returns a panel of grafanalib with an id from its key, in modern shape.

A key, such as `consumer/lag`, names the page a panel is on, and does not change when the panel
moves: Grafana's links to panels, those of alerts included, use ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.field_options import FieldOptions, Json, Query, common, defaults, named

Legend = Literal["table", "list", "hidden"]


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How lines are drawn: `thresholds` as lines, series of a name in `colours` or `dashed`.

    Names between slashes are regular expressions.
    """

    legend: Legend = "table"
    stacked: bool = False
    bars: bool = False
    thresholds: bool = True
    colours: dict[str, str] = field(default_factory=dict)
    dashed: Sequence[str] = ()


USUAL_STYLE: Final = LineStyle()


def lines(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    options: FieldOptions,
    style: LineStyle = USUAL_STYLE,
) -> core.TimeSeries:
    """Values over time."""
    drawn = style.thresholds and len(options.steps) > 1
    custom: Json = {
        "drawStyle": "bars" if style.bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 60 if style.bars else 25 if style.stacked else 8,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if style.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if drawn else "off"},
        "axisPlacement": "auto",
        **({"axisSoftMax": 100} if options.unit == "percent" else {}),
        "scaleDistribution": {"type": "linear"},
    }
    colours = {query.legend: query.colour for query in queries if query.colour} | style.colours
    overrides = [
        *(named(name, ("color", theme.fixed(colour))) for name, colour in colours.items()),
        *(named(name, *_DASHED) for name in style.dashed),
    ]
    return core.TimeSeries(
        **common(key, title, description, queries, options),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(options), "color": theme.BY_NAME, "custom": custom},
                "overrides": overrides,
            },
            "options": {
                "legend": _legend(style.legend),
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
        },
    )


def stat(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    options: FieldOptions,
    *,
    background: bool = False,
    text: Literal["auto", "value", "name", "value_and_name"] = "auto",
) -> core.Stat:
    """One number, or one for each series, in the colour of its threshold.

    The query is for the end of the time range only, so that an old value is never displayed as
    the current one.
    """
    return core.Stat(
        **common(key, title, description, queries, options, instant=True),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(options), "color": theme.BY_THRESHOLD},
                "overrides": [],
            },
            "options": {
                "colorMode": "background" if background else "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "textMode": text,
                "wideLayout": True,
            },
        },
    )


def bar_gauge(
    key: str, title: str, description: str, queries: Sequence[Query], options: FieldOptions
) -> core.BarGauge:
    """A bar for each series, from `options.minimum` to `options.maximum`."""
    return core.BarGauge(
        **common(key, title, description, queries, options, instant=True),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(options), "color": theme.BY_THRESHOLD},
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
    key: str, title: str, description: str, queries: Sequence[Query], options: FieldOptions
) -> core.StateTimeline:
    """One bar for each series over time, coloured by its value's mapping."""
    return core.StateTimeline(
        **common(key, title, description, queries, options),
        extraJson={
            "fieldConfig": {
                "defaults": {
                    **defaults(options),
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
