"""Builders of panels. Each gives a panel of grafanalib with an id from its key, in modern shape.

A key, such as `consumer/lag`, says which page a panel is on, and stays what it is when the panel
moves: Grafana's links to panels, alerts among them, lead by ids.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.field_options import FieldOptions, Json, Query, common, defaults, named

Legend = Literal["table", "list", "hidden"]


def lines(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    look: FieldOptions,
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
        **({"axisSoftMax": 100} if look.unit == "percent" else {}),
        "scaleDistribution": {"type": "linear"},
    }
    overrides = [
        *(named(name, ("color", theme.fixed(colour))) for name, colour in (colours or {}).items()),
        *(named(name, *_DASHED) for name in dashed),
    ]
    return core.TimeSeries(
        **common(key, title, description, queries, look),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(look), "color": theme.BY_NAME, "custom": custom},
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
    look: FieldOptions,
    *,
    background: bool = False,
    text: Literal["auto", "value", "name", "value_and_name"] = "auto",
) -> core.Stat:
    """One number, or one for each series, in the colour of its threshold.

    It is asked for the end of the time shown only, so that an old value is never taken for the
    present one.
    """
    return core.Stat(
        **common(key, title, description, queries, look, instant=True),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(look), "color": theme.BY_THRESHOLD},
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
    key: str, title: str, description: str, queries: Sequence[Query], look: FieldOptions
) -> core.BarGauge:
    """A bar for each series, from `look.minimum` to `look.maximum`."""
    return core.BarGauge(
        **common(key, title, description, queries, look, instant=True),
        extraJson={
            "fieldConfig": {
                "defaults": {**defaults(look), "color": theme.BY_THRESHOLD},
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
    key: str, title: str, description: str, queries: Sequence[Query], look: FieldOptions
) -> core.StateTimeline:
    """One bar a series over time, coloured by its value's mapping."""
    return core.StateTimeline(
        **common(key, title, description, queries, look),
        extraJson={
            "fieldConfig": {
                "defaults": {
                    **defaults(look),
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
