"""Variables in the shape of Grafana 12: queries as objects, `$__all`, nothing that it dropped."""

from typing import Any, Final

from obs.dashboards.normalise.datasources import Kinds, reference
from obs.dashboards.normalise.plain import Json

_DROPPED: Final = ("tags", "tagsQuery", "tagValuesQuery", "useTags")
_OF_INTERVALS: Final = ("auto", "auto_count", "auto_min")
_REFRESHES: Final = (1, 2)  # when the dashboard loads, when its time range changes
_ALL: Final = "$__all"
_REF_ID: Final = "PrometheusVariableQueryEditor-VariableQuery"  # as Grafana's own editor names it


def variable(template: Json, known: Kinds) -> Json:
    """A variable as Grafana 12 keeps it."""
    gone = _DROPPED if template.get("type") == "interval" else (*_DROPPED, *_OF_INTERVALS)
    whole = {key: value for key, value in template.items() if key not in gone}
    whole["datasource"] = reference(whole.get("datasource"), known)
    whole["current"] = _current(whole) or None
    for name, unset in (("hide", 0), ("options", []), ("regex", ""), ("label", "")):
        if whole.get(name) == unset:
            del whole[name]
    return _with_query(whole) if whole.get("type") == "query" else whole


def _with_query(whole: Json) -> Json:
    if whole.get("refresh") not in _REFRESHES:
        whole["refresh"] = 1
    query, source = whole.get("query"), whole["datasource"] or {}
    if isinstance(query, str):
        whole.setdefault("definition", query)
        if source.get("type") == "prometheus":
            whole["query"] = {"query": query, "refId": _REF_ID}
    return whole


def _current(whole: Json) -> Json:
    """What is chosen at first; empty where Grafana is to choose."""
    current = whole.get("current")
    if not isinstance(current, dict) or current.get("value") in (None, "", []):
        return {}
    chosen = {key: value for key, value in current.items() if key != "tags"}
    everything = whole.get("includeAll") and chosen["value"] in ("All", ["All"], _ALL, [_ALL])
    if everything:
        chosen |= {"text": "All", "value": _ALL}
    if whole.get("multi"):
        chosen |= {name: _list(chosen.get(name)) for name in ("text", "value")}
    return chosen


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
