"""Panel types that grafanalib writes as they were before Grafana 8, in their shape of today."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from obs.dashboards.normalise.fields import cell_options
from obs.dashboards.normalise.plain import Json

PLUGIN_VERSION: Final = "12.0.0"
"""Stat, gauge and bar gauge without one are taken for those of Grafana 6, and percentages bounded
to 100."""

_ANGULAR_TABLE: Final = ("color", "columns", "fontSize", "mappings", "styles", "scroll")
_ANGULAR_HEATMAP: Final = (
    *("cards", "color", "dataFormat", "heatmap", "hideZeroBuckets", "highlightCards", "legend"),
    *("reverseYBuckets", "tooltip", "tooltipDecimals", "xAxis", "xBucketNumber", "xBucketSize"),
    *("yAxis", "yBucketBound", "yBucketNumber", "yBucketSize"),
)
_GAUGE_MARKS: Final = ("showThresholdLabels", "showThresholdMarkers")
_REDUCED: Final = ("calcs", "limit", "values")
_LAYOUTS: Final = {"upper": "ge", "lower": "le", "middle": "unknown"}


def shaped(panel: Json) -> Json:
    """The panel in the shape that its type has in Grafana 12; types not known here as they are."""
    shape = _SHAPES.get(str(panel.get("type")))
    return shape(panel) if shape else panel


def _stat(panel: Json) -> Json:
    defaults = _defaults(panel)
    if defaults.get("noValue") == "none":
        del defaults["noValue"]
    return _with({"pluginVersion": PLUGIN_VERSION, **panel}, defaults, panel.get("options"))


def _table(panel: Json) -> Json:
    defaults = _defaults(panel)
    custom = dict(defaults.get("custom") or {})
    mode = custom.pop("displayMode", None)
    if mode and "cellOptions" not in custom:
        custom["cellOptions"] = cell_options(mode)
    old = {name: panel.get(name) for name in ("color", "mappings") if panel.get(name)}
    rest = _without(panel, _ANGULAR_TABLE)
    return _with(rest, {**old, **defaults, "custom": custom}, panel.get("options"))


def _bar_gauge(panel: Json) -> Json:
    options = dict(panel.get("options") or {})
    old = options.pop("fieldOptions", None) or {}
    for name in _GAUGE_MARKS:
        options.pop(name, None)
    defaults = _defaults(panel)
    if "reduceOptions" not in options:  # else the old options are grafanalib's defaults
        given = dict(old.get("defaults") or {})
        mapped = {"mappings": old["mappings"]} if old.get("mappings") else {}
        defaults = {"displayName": given.pop("title", None), **given, **mapped, **defaults}
        options["reduceOptions"] = _reduced(old)
    return _with({"pluginVersion": PLUGIN_VERSION, **panel}, defaults, options)


def _gauge(panel: Json) -> Json:
    config, options = dict(panel.get("fieldConfig") or {}), dict(panel.get("options") or {})
    for name in _GAUGE_MARKS:
        if name in config:
            options.setdefault(name, config.pop(name))
            config.pop(name, None)
    defaults = dict(config.get("defaults") or {})
    if "calcs" in defaults:
        options.setdefault("reduceOptions", _reduced(defaults))
        defaults["displayName"] = defaults.get("displayName") or defaults.get("title")
        defaults = _without(defaults, (*_REDUCED, "override", "title"))
    whole = {"pluginVersion": PLUGIN_VERSION, **panel, "fieldConfig": config}
    return _with(whole, defaults, options)


def _heatmap(panel: Json) -> Json:
    rest = _without(panel, _ANGULAR_HEATMAP)
    return {**rest, "options": panel.get("options") or _heatmap_options(panel)}


def _heatmap_options(panel: Json) -> Json:
    axis, cards = panel.get("yAxis") or {}, panel.get("cards") or {}
    calculate = panel.get("dataFormat") != "tsbuckets"
    return {
        "calculate": calculate,
        "calculation": _calculation(panel, axis) if calculate else None,
        "cellGap": cards.get("cardPadding") or 1,
        "cellRadius": cards.get("cardRound"),
        "color": _heatmap_colour(panel.get("color") or {}),
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9} if panel.get("hideZeroBuckets") else None,
        "legend": {"show": bool((panel.get("legend") or {}).get("show"))},
        "rowsFrame": {"layout": _LAYOUTS.get(str(panel.get("yBucketBound")), "auto")},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
        "yAxis": {
            "axisPlacement": "hidden" if axis.get("show") is False else "left",
            "decimals": axis.get("decimals"),
            "max": _number(axis.get("max")),
            "min": _number(axis.get("min")),
            "reverse": bool(panel.get("reverseYBuckets")),
            "unit": axis.get("format"),
        },
    }


def _calculation(panel: Json, axis: Json) -> Json:
    buckets = {f"{name}Buckets": _buckets(panel, name) for name in ("x", "y")}
    base = axis.get("logBase") or 1
    if base > 1:
        scale = {"type": "log", "log": base}
        buckets["yBuckets"] = {"mode": "count", **(buckets["yBuckets"] or {}), "scale": scale}
    return buckets


def _buckets(panel: Json, axis: str) -> Json | None:
    for mode, name in (("size", f"{axis}BucketSize"), ("count", f"{axis}BucketNumber")):
        if panel.get(name):
            return {"mode": mode, "value": str(panel[name])}
    return None


def _heatmap_colour(old: Json) -> Json:
    scheme = str(old.get("colorScheme") or "interpolateOranges").removeprefix("interpolate")
    return {
        "exponent": old.get("exponent") or 0.5,
        "fill": old.get("cardColor") or "dark-orange",
        "max": old.get("max"),
        "min": old.get("min"),
        "mode": "opacity" if old.get("mode") == "opacity" else "scheme",
        "reverse": False,
        "scale": "linear" if old.get("colorScale") == "linear" else "exponential",
        "scheme": scheme,
        "steps": 128,
    }


def _number(value: Any) -> Any:
    """Bounds of axes were texts."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _reduced(old: Mapping[str, Any]) -> Json:
    calculations = old.get("calcs") or ["lastNotNull"]
    return {
        "calcs": list(calculations),
        "fields": "",
        "limit": old.get("limit"),
        "values": bool(old.get("values")),
    }


def _defaults(panel: Json) -> Json:
    return dict((panel.get("fieldConfig") or {}).get("defaults") or {})


def _with(panel: Json, defaults: Json, options: Any) -> Json:
    config = {**(panel.get("fieldConfig") or {}), "defaults": defaults}
    return {**panel, "fieldConfig": config, "options": options or {}}


def _without(whole: Json, names: tuple[str, ...]) -> Json:
    return {name: value for name, value in whole.items() if name not in names}


_SHAPES: Final[dict[str, Callable[[Json], Json]]] = {
    "stat": _stat,
    "table": _table,
    "bargauge": _bar_gauge,
    "gauge": _gauge,
    "heatmap": _heatmap,
}
