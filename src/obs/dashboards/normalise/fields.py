"""How values are shown: thresholds, mappings and what else `fieldConfig` holds."""

from typing import Any, Final

from obs.dashboards.normalise.plain import Json

_BASE: Final = {"color": "green", "value": None}
"""Where no threshold is given Grafana would take its own, which is red from 80."""
_OLD_KINDS: Final = {1: "value", 2: "range"}


def field_config(config: Json) -> Json:
    """A panel's `fieldConfig`: `defaults` for all series, `overrides` for some."""
    defaults = dict(config.get("defaults") or {})
    defaults["thresholds"] = thresholds(defaults.get("thresholds") or {})
    defaults["mappings"] = mappings(defaults.get("mappings") or [])
    custom = defaults.get("custom")
    if isinstance(custom, dict):
        defaults["custom"] = _custom(custom)
    for name in ("custom", "links", "mappings", "unit"):
        if not defaults.get(name):
            defaults.pop(name, None)
    overrides = [_override(each) for each in config.get("overrides") or ()]
    return {**config, "defaults": defaults, "overrides": overrides}


def thresholds(given: Json) -> Json:
    """Steps by rising value, of which the first has none: it begins at minus infinity."""
    steps = [
        {"color": step.get("color"), "value": _value(step)} for step in given.get("steps") or ()
    ]
    first, *rest = sorted(steps, key=_order) or [dict(_BASE)]
    first["value"] = None
    return {"mode": given.get("mode") or "absolute", "steps": [first, *rest]}


def mappings(given: list[Json]) -> list[Json]:
    """Mappings of values and ranges to texts and colours; those of before Grafana 8 made new."""
    return [_mapping(each) for each in given]


def _value(step: Json) -> Any:
    return None if step.get("value") == "null" else step.get("value")


def _order(step: Json) -> tuple[bool, float]:
    value = step["value"]
    return (value is not None, value if isinstance(value, int | float) else 0)


def _mapping(given: Json) -> Json:
    if isinstance(given.get("type"), str):
        return {**given, "options": _results(given.get("options"))}
    ranged = given.get("value") in (None, "") or _OLD_KINDS.get(given.get("type", 0)) == "range"
    result = {"text": given.get("text")}
    if ranged:
        bounds = {name: _bound(given.get(name)) for name in ("from", "to")}
        return {"type": "range", "options": {**bounds, "result": result}}
    if given["value"] == "null":
        return {"type": "special", "options": {"match": "null", "result": result}}
    return {"type": "value", "options": {str(given["value"]): result}}


def _results(options: Any) -> Any:
    """Without colours that are none."""
    if not isinstance(options, dict):
        return options
    return {
        key: {name: each for name, each in below.items() if (name, each) != ("color", "")}
        if isinstance(below, dict)
        else below
        for key, below in options.items()
    }


def _bound(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


def _custom(custom: Json) -> Json:
    whole = dict(custom)
    scale = whole.get("scaleDistribution")
    if isinstance(scale, dict) and scale.get("type") == "linear":
        whole["scaleDistribution"] = {"type": "linear"}
    for name in ("axisLabel", "stacking"):
        if name in whole and not whole[name]:
            del whole[name]
    return whole


def _override(override: Json) -> Json:
    properties = [_property(each) for each in override.get("properties") or ()]
    return {**override, "properties": properties}


def _property(given: Json) -> Json:
    name, value = given.get("id"), given.get("value")
    if name == "thresholds" and isinstance(value, dict):
        return {**given, "value": thresholds(value)}
    if name == "mappings" and isinstance(value, list):
        return {**given, "value": mappings(value)}
    if name == "custom.hideFrom" and isinstance(value, dict) and value.get("viz"):
        return {**given, "value": {**value, "tooltip": True}}
    if name == "custom.displayMode" and isinstance(value, str):
        return {**given, "id": "custom.cellOptions", "value": cell_options(value)}
    return given


def cell_options(mode: str) -> Json:
    """The cell options of a table from `displayMode`, the form up to Grafana 9."""
    match mode:
        case "gradient-gauge" | "lcd-gauge":
            return {"type": "gauge", "mode": mode.removesuffix("-gauge")}
        case "basic":
            return {"type": "gauge", "mode": "basic"}
        case "color-background":
            return {"type": mode, "mode": "gradient"}
        case "color-background-solid":
            return {"type": "color-background", "mode": "basic"}
        case _:
            return {"type": mode}
