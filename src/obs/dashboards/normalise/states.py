"""The plugins Discrete and Statusmap as state timeline and status history of Grafana itself."""

from typing import Any, Final

from obs.dashboards.normalise.fields import mappings
from obs.dashboards.normalise.old_fields import WITHOUT_ALERTS, base, refused
from obs.dashboards.normalise.plain import Json

_LEGEND: Final = {"calcs": [], "displayMode": "list", "placement": "bottom"}
_TOOLTIP: Final = {"mode": "single", "sort": "none"}
_SCHEMES: Final = {
    "GnYlRd": "continuous-GrYlRd",
    "interpolateRdYlGn": "continuous-RdYlGr",
    "interpolateBlues": "continuous-blues",
    "interpolateReds": "continuous-reds",
    "interpolateGreens": "continuous-greens",
    "interpolatePurples": "continuous-purples",
}


def state_timeline(panel: Json) -> Json:
    """A Discrete panel: states by value or range, coloured by their texts."""
    mapped = mappings([*(panel.get("valueMaps") or ()), *(panel.get("rangeMaps") or ())])
    colours = {str(each.get("text")): each.get("color") for each in panel.get("colorMaps") or ()}
    coloured = [_coloured(each, colours) for each in mapped]
    known = {text for each in mapped for text in _texts(each)}
    coloured += [
        {"options": {text: {"color": colour, "text": text}}, "type": "value"}
        for text, colour in colours.items()
        if text not in known
    ]
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {"fillOpacity": 100, "lineWidth": 0},
        "decimals": panel.get("decimals"),
        "mappings": coloured,
        "unit": panel.get("units"),
    }
    written = panel.get("writeAllValues") or panel.get("writeLastValue")
    options = {
        "alignValue": "left",
        "legend": {**_LEGEND, "showLegend": panel.get("showLegend") is not False},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto" if written else "never",
        "tooltip": _TOOLTIP,
    }
    return base(panel, "state-timeline", defaults, options)


def _texts(mapping: Json) -> list[str]:
    options = mapping["options"]
    results = [options["result"]] if "result" in options else list(options.values())
    return [str(each.get("text")) for each in results]


def _coloured(mapping: Json, colours: dict[str, Any]) -> Json:
    """The mapping with the colours of its texts."""

    def with_colour(result: Json) -> Json:
        colour = colours.get(str(result.get("text")))
        return {**result, "color": colour} if colour else result

    options = mapping["options"]
    if "result" in options:
        return {**mapping, "options": {**options, "result": with_colour(options["result"])}}
    return {**mapping, "options": {key: with_colour(each) for key, each in options.items()}}


def status_history(panel: Json) -> Json:
    """A Statusmap: a cell for each interval, coloured by value or on a scale."""
    colour = panel.get("color") or {}
    if panel.get("alert"):
        raise refused(panel, WITHOUT_ALERTS)
    defaults = {
        "color": _colour(panel, colour),
        "custom": {"fillOpacity": 100, "lineWidth": 0},
        "mappings": _discrete(colour),
        "max": colour.get("max"),
        "min": colour.get("min"),
        "unit": (panel.get("yaxis") or {}).get("format"),
    }
    legend = (panel.get("legend") or {}).get("show") is not False
    options = {
        "colWidth": 0.9,
        "legend": {**_LEGEND, "showLegend": legend},
        "rowHeight": 0.9,
        "showValue": "never",
        "tooltip": _TOOLTIP,
    }
    return base(panel, "status-history", defaults, options)


def _colour(panel: Json, colour: Json) -> Json:
    mode = colour.get("mode") or "spectrum"
    if mode == "opacity":
        return {"fixedColor": colour.get("cardColor"), "mode": "shades"}
    if mode == "discrete":
        return {"mode": "thresholds"}
    scheme = _SCHEMES.get(str(colour.get("colorScheme") or "GnYlRd"))
    if scheme is None:
        raise refused(panel, f"Grafana has no colour scale {colour['colorScheme']}")
    return {"mode": scheme}


def _discrete(colour: Json) -> list[Json]:
    if colour.get("mode") != "discrete":
        return []
    found = [each for each in colour.get("thresholds") or () if isinstance(each, dict)]
    return [
        {
            "options": {
                str(each.get("value")): {
                    "color": each.get("color"),
                    "text": each.get("tooltip") or str(each.get("value")),
                }
            },
            "type": "value",
        }
        for each in found
    ]
