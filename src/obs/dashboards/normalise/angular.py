"""Panel types that Grafana 12 does not have, as the types that came after them.

What a type of today cannot show is refused with the name of the panel, and never left out.
"""

from collections.abc import Callable
from typing import Any, Final

from obs.dashboards.normalise.fields import mappings
from obs.dashboards.normalise.graph import timeseries
from obs.dashboards.normalise.lists import alert_list, dashboard_list
from obs.dashboards.normalise.old_fields import base, fixed_colours, refused, steps_of
from obs.dashboards.normalise.plain import Json
from obs.dashboards.normalise.states import state_timeline, status_history
from obs.dashboards.removed_types import SUCCESSORS

_CALCULATIONS: Final = {
    **{"avg": "mean", "current": "lastNotNull", "first": "firstNotNull", "total": "sum"},
    **{"min": "min", "max": "max", "delta": "delta", "range": "range", "diff": "diff"},
    **{"name": "lastNotNull", "": "mean"},
}
_PLACEMENTS: Final = {"Right side": "right", "Under graph": "bottom", "On graph": "bottom"}
_RANGES: Final = 2


def of_today(panel: Json) -> Json:
    """The panel as a type that Grafana 12 has. Raises BadInput where there is none for it."""
    kind = str(panel.get("type"))
    if kind in _MIGRATIONS:
        return _MIGRATIONS[kind](panel)
    if kind in SUCCESSORS:
        raise refused(panel, f"Grafana 12 has no panels of type {kind}; use {SUCCESSORS[kind]}")
    return panel


def _single_stat(panel: Json) -> Json:
    calculation = str(panel.get("valueName") or "")
    if calculation not in _CALCULATIONS:
        raise refused(panel, f"a stat has no calculation {calculation}")
    ranges = panel.get("mappingType") == _RANGES
    gauge = panel.get("gauge") or {}
    defaults = {
        "decimals": panel.get("decimals"),
        "mappings": [
            *mappings(panel.get("rangeMaps" if ranges else "valueMaps") or []),
            *_of_null(panel.get("nullText")),
        ],
        "noValue": panel.get("nullText"),
        "thresholds": {"mode": "absolute", "steps": _colour_steps(panel)},
        "unit": _unit(panel),
    }
    reduced = {"calcs": [_CALCULATIONS[calculation]], "fields": "", "values": False}
    if gauge.get("show"):
        bounds = {"min": gauge.get("minValue"), "max": gauge.get("maxValue")}
        options: Json = {
            "reduceOptions": reduced,
            "showThresholdLabels": bool(gauge.get("thresholdLabels")),
            "showThresholdMarkers": gauge.get("thresholdMarkers") is not False,
        }
        return base(panel, "gauge", {**defaults, **bounds}, options)
    return base(panel, "stat", defaults, _stat_options(panel, reduced))


def _of_null(text: str | None) -> list[Json]:
    """What a value that is null is shown as; without a series it is `noValue`."""
    result = {"text": text}
    return [{"options": {"match": "null", "result": result}, "type": "special"}] if text else []


def _stat_options(panel: Json, reduced: Json) -> Json:
    background, value = panel.get("colorBackground"), panel.get("colorValue")
    colour = "background" if background else "value" if value else "none"
    return {
        "colorMode": colour,
        "graphMode": "area" if (panel.get("sparkline") or {}).get("show") else "none",
        "justifyMode": "auto",
        "orientation": "horizontal",
        "reduceOptions": reduced,
        "textMode": "name" if panel.get("valueName") == "name" else "auto",
    }


def _colour_steps(panel: Json) -> list[Json]:
    """The steps of `80,90` and three colours: the first colour is that below 80."""
    written = str(panel.get("thresholds") or "")
    colours = [str(each) for each in panel.get("colors") or ()]
    try:
        values = [float(each) for each in written.split(",") if each.strip()]
    except ValueError:
        raise refused(panel, f"its thresholds {written!r} are not numbers with commas") from None
    return steps_of(panel, values, colours)


def _unit(panel: Json) -> Any:
    unit = panel.get("format")
    fixes = [name for name in ("prefix", "postfix") if panel.get(name)]
    if not fixes:
        return unit
    if len(fixes) == 1 and unit in (None, "", "none", "short"):
        word = "prefix" if fixes == ["prefix"] else "suffix"
        return f"{word}:{panel[fixes[0]]}"
    raise refused(panel, f"a stat has one unit and no {' and '.join(fixes)} beside it; leave one")


def _pie_chart(panel: Json) -> Json:
    legend = panel.get("legend") or {}
    shown = [name for name in ("percentage", "values") if legend.get(name)]
    on_graph = panel.get("legendType") == "On graph"
    options = {
        "displayLabels": ["name"] if on_graph else [],
        "legend": {
            "displayMode": "table" if shown else "list",
            "placement": _PLACEMENTS.get(str(panel.get("legendType")), "bottom"),
            "showLegend": legend.get("show") is not False and not on_graph,
            "values": ["percent" if name == "percentage" else "value" for name in shown],
        },
        "pieType": panel.get("pieType") or "pie",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = {"color": {"mode": "palette-classic"}, "unit": panel.get("format")}
    return base(panel, "piechart", defaults, options, fixed_colours(panel.get("aliasColors")))


_MIGRATIONS: Final[dict[str, Callable[[Json], Json]]] = {
    "alertlist": alert_list,
    "dashlist": dashboard_list,
    "flant-statusmap-panel": status_history,
    "grafana-piechart-panel": _pie_chart,
    "grafana-singlestat-panel": _single_stat,
    "graph": timeseries,
    "natel-discrete-panel": state_timeline,
    "singlestat": _single_stat,
}
