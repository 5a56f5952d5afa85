"""Panels without what grafanalib adds and Grafana has no use for."""

from string import ascii_uppercase
from typing import Any, Final

from obs.dashboards.normalise.angular import of_today
from obs.dashboards.normalise.cloudwatch import single_statistics
from obs.dashboards.normalise.datasources import MIXED, Kinds, reference
from obs.dashboards.normalise.fields import field_config
from obs.dashboards.normalise.plain import Json
from obs.dashboards.normalise.shapes import shaped

_NOISE: Final = ("editable", "error", "height", "isNew", "minSpan", "span")
_UNSET: Final[dict[str, tuple[Any, ...]]] = {
    "cacheTimeout": ("",),
    "description": ("",),
    "hideTimeOverride": (False,),
    "interval": ("",),
    "links": ([],),
    "maxDataPoints": (100,),  # grafanalib's default: fewer points than a panel has pixels
    "options": ({}, []),
    "targets": ([],),
    "transformations": ([],),
    "transparent": (False,),
}
_UNSET_IN_QUERIES: Final[dict[str, tuple[Any, ...]]] = {
    "expr": ("",),
    "hide": (False,),
    "interval": ("",),
    "legendFormat": ("",),
    "metric": ("",),
    "query": ("",),
    "target": ("",),
}
_NOISE_IN_QUERIES: Final = ("intervalFactor", "step")
_OF_QUERIES: Final = ("datasource", "targets", "transformations")
_WITHOUT_QUERIES: Final = ("alertlist", "dashlist", "news", "text")
_OF_ROWS: Final = (
    *("collapsed", "gridPos", "id", "maxPerRow", "panels", "repeat", "repeatDirection", "title"),
    "type",
)


def panel(given: Json, known: Kinds) -> Json:
    """A panel as Grafana 12 keeps it; the panels inside a row likewise."""
    if given.get("type") == "row":
        row = {name: value for name, value in given.items() if name in _OF_ROWS}
        inside = [panel(each, known) for each in given.get("panels") or ()]
        return {**row, "collapsed": bool(row.get("collapsed")), "panels": inside}
    whole = {name: value for name, value in of_today(given).items() if name not in _NOISE}
    whole = shaped(whole)
    whole = (
        _without_queries(whole) if whole.get("type") in _WITHOUT_QUERIES else _drawn(whole, known)
    )
    return _set(_with_modern_legend(whole), _UNSET)


def _without_queries(given: Json) -> Json:
    whole = {name: value for name, value in given.items() if name not in _OF_QUERIES}
    defaults = dict((whole.pop("fieldConfig", None) or {}).get("defaults") or {})
    if (defaults.get("thresholds") or {}).get("steps"):
        return {**whole, "fieldConfig": field_config({"defaults": defaults})}
    return whole


def _drawn(given: Json, known: Kinds) -> Json:
    source = reference(given.get("datasource"), known)
    listed = [each for each in given.get("targets") or () if isinstance(each, dict)]
    targets = list(single_statistics(listed))
    taken = {each.get("refId") for each in targets}
    free = (letter for letter in ascii_uppercase if letter not in taken)
    return {
        **given,
        "datasource": source,
        "fieldConfig": field_config(given.get("fieldConfig") or {}),
        "targets": [
            _target({**each, "refId": each.get("refId") or next(free, "")}, source, known)
            for each in targets
        ],
    }


def _target(given: Json, source: Json | None, known: Kinds) -> Json:
    whole = {name: value for name, value in given.items() if name not in _NOISE_IN_QUERIES}
    if whole.get("query") == whole.get("expr"):
        whole.pop("query", None)
    own = reference(whole.get("datasource"), known)
    inherited = source if source and source.get("uid") != MIXED else None
    whole["datasource"] = own or inherited
    if (whole["datasource"] or {}).get("type") == "prometheus" and whole.get("expr"):
        whole.setdefault("editorMode", "code")
        whole.setdefault("range", not whole.get("instant"))
    return _set(whole, _UNSET_IN_QUERIES)


def _with_modern_legend(whole: Json) -> Json:
    """Whether a legend is shown is said apart from how since Grafana 9."""
    options = whole.get("options")
    if not isinstance(options, dict):
        return whole
    legend = options.get("legend")
    if isinstance(legend, bool):
        legend = {"displayMode": "list", "showLegend": legend}
    elif isinstance(legend, dict) and "displayMode" in legend:
        hidden = legend["displayMode"] == "hidden" or legend.get("showLegend") is False
        mode = "list" if legend["displayMode"] == "hidden" else legend["displayMode"]
        legend = {**legend, "displayMode": mode, "showLegend": not hidden}
    return {**whole, "options": {**options, "legend": legend}} if legend else whole


def _set(whole: Json, unset: dict[str, tuple[Any, ...]]) -> Json:
    """Without what says only that nothing is said."""
    return {
        name: value
        for name, value in whole.items()
        if not any(value == each and type(value) is type(each) for each in unset.get(name, ()))
    }
