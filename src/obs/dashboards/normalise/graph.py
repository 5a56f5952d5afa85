"""The graph panel of before Grafana 8 as a time series panel."""

from collections.abc import Iterator
from typing import Any, Final

from obs.dashboards.normalise.old_fields import (
    WITHOUT_ALERTS,
    base,
    by_alias,
    fixed_colours,
    refused,
)
from obs.dashboards.normalise.plain import Json

_LEGEND: Final = {
    **{"min": "min", "max": "max", "avg": "mean"},
    **{"current": "lastNotNull", "total": "sum"},
}
_COLOURS: Final = {"critical": "red", "warning": "orange", "ok": "green"}
_SORTS: Final = ("none", "asc", "desc")


def timeseries(panel: Json) -> Json:
    """The graph as a time series panel. Raises BadInput for what that panel cannot show."""
    _check(panel)
    left, right = _axes(panel)
    config = (panel.get("fieldConfig") or {}).get("defaults") or {}
    links = (panel.get("options") or {}).get("dataLinks") or config.get("links")
    defaults = {
        **_of_axis(left),
        **({"unit": config["unit"]} if config.get("unit") else {}),
        "color": {"mode": "palette-classic"},
        "custom": {**_drawing(panel), **_scale(left)},
        "links": links,
        "thresholds": {"mode": "absolute", "steps": _steps(panel)},
    }
    overrides = [
        *fixed_colours(panel.get("aliasColors")),
        *(_override(each, right) for each in panel.get("seriesOverrides") or ()),
    ]
    options = {"legend": _legend(panel.get("legend") or {}), "tooltip": _tooltip(panel)}
    return base(panel, "timeseries", defaults, options, overrides)


def _check(panel: Json) -> None:
    mode = (panel.get("xaxis") or {}).get("mode") or "time"
    if mode != "time":
        use = "histogram" if mode == "histogram" else "barchart"
        raise refused(panel, f"a time series has no x axis of mode {mode}; use {use}")
    if panel.get("alert"):
        raise refused(panel, WITHOUT_ALERTS)


def _axes(panel: Json) -> tuple[Json, Json]:
    given = panel.get("yaxes") or []
    axes = [each for each in given if isinstance(each, dict)]
    return (axes[0] if axes else {}), (axes[1] if len(axes) > 1 else {})


def _of_axis(axis: Json) -> Json:
    found = {
        "decimals": axis.get("decimals"),
        "max": _number(axis.get("max")),
        "min": _number(axis.get("min")),
        "unit": axis.get("format"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _scale(axis: Json) -> Json:
    log = axis.get("logBase") or 1
    return {
        "axisLabel": axis.get("label") or "",
        "axisPlacement": "hidden" if axis.get("show") is False else "auto",
        "scaleDistribution": {"type": "log", "log": log} if log > 1 else {"type": "linear"},
    }


def _drawing(panel: Json) -> Json:
    style = "bars" if panel.get("bars") else "line" if panel.get("lines", True) else "points"
    stacked = "percent" if panel.get("percentage") else "normal"
    filled = _tenfold(panel.get("fill"))
    custom = {
        "drawStyle": style,
        "fillOpacity": 100 if style == "bars" and not panel.get("lines", True) else filled,
        "gradientMode": "opacity" if panel.get("fillGradient") else "none",
        "lineInterpolation": "stepAfter" if panel.get("steppedLine") else "linear",
        "lineWidth": panel.get("linewidth", 1),
        "pointSize": 2 * int(panel.get("pointradius") or 2),
        "showPoints": "always" if panel.get("points") else "never",
        "spanNulls": panel.get("nullPointMode") == "connected",
        "stacking": {"group": "A", "mode": stacked if panel.get("stack") else "none"},
    }
    styles = {_threshold_style(each) for each in panel.get("thresholds") or ()}
    if styles:
        custom["thresholdsStyle"] = {"mode": "line+area" if len(styles) > 1 else styles.pop()}
    return custom


def _tenfold(fill: Any) -> int:
    return min(int(fill or 0) * 10, 100)


def _threshold_style(threshold: Json) -> str:
    line, area = threshold.get("line") is not False, threshold.get("fill") is not False
    return "line+area" if line and area else "line" if line else "area" if area else "off"


def _steps(panel: Json) -> list[Json]:
    """Thresholds of a graph are lines, coloured above or below; a step is coloured above."""
    given = [each for each in panel.get("thresholds") or () if isinstance(each, dict)]
    if not given:
        return []
    if any(each.get("yaxis") == "right" for each in given):
        raise refused(panel, "a time series has thresholds of the left axis only")
    steps: list[Json] = [{"color": "transparent", "value": None}]
    for each in sorted(given, key=lambda one: float(one.get("value") or 0)):
        own = each.get("lineColor") or each.get("fillColor")
        colour = _COLOURS.get(str(each.get("colorMode")), own or "red")
        if each.get("op") == "lt":
            steps[-1] = {**steps[-1], "color": colour}
            colour = "transparent"
        steps.append({"color": colour, "value": each.get("value")})
    return steps


def _override(given: Json, right: Json) -> Json:
    return by_alias(str(given.get("alias") or ""), dict(_properties(given, right)))


def _properties(given: Json, right: Json) -> Iterator[tuple[str, Any]]:
    if given.get("color"):
        yield "color", {"fixedColor": given["color"], "mode": "fixed"}
    if given.get("bars"):
        yield "custom.drawStyle", "bars"
    elif given.get("lines") is False:
        yield "custom.lineWidth", 0
    if "fill" in given and given["fill"] is not None:
        yield "custom.fillOpacity", _tenfold(given["fill"])
    if given.get("dashes"):
        dash = [given.get("dashLength") or 10, given.get("spaceLength") or 10]
        yield "custom.lineStyle", {"dash": dash, "fill": "dash"}
    if given.get("fillBelowTo"):
        yield "custom.fillBelowTo", given["fillBelowTo"]
    if given.get("yaxis") == 2:
        yield "custom.axisPlacement", "hidden" if right.get("show") is False else "right"
        yield from _of_axis(right).items()
        if right.get("label"):
            yield "custom.axisLabel", right["label"]
        if (right.get("logBase") or 1) > 1:
            yield "custom.scaleDistribution", {"log": right["logBase"], "type": "log"}


def _legend(given: Json) -> Json:
    calculations = [new for old, new in _LEGEND.items() if given.get(old)]
    return {
        "calcs": calculations if given.get("values") else [],
        "displayMode": "table" if given.get("alignAsTable") else "list",
        "placement": "right" if given.get("rightSide") else "bottom",
        "showLegend": given.get("show") is not False,
    }


def _tooltip(panel: Json) -> Json:
    given = panel.get("tooltip") or {}
    order = given.get("sort")
    return {
        "mode": "multi" if given.get("shared") else "single",
        "sort": _SORTS[order] if isinstance(order, int) and order < len(_SORTS) else "none",
    }


def _number(value: Any) -> Any:
    """Bounds of axes were texts, too."""
    try:
        return float(value) if isinstance(value, str) and value.strip() else value or None
    except ValueError:
        return None
