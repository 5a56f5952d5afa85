"""References to data sources: objects, as Grafana has them since 8.3, and not names."""

import re
from collections.abc import Mapping
from typing import Any, Final

from obs.dashboards.normalise.plain import Json

Kinds = Mapping[str, str]
"""The kind of data source that each variable of type datasource chooses, by the variable's name."""

MIXED: Final = "-- Mixed --"

_BUILT_IN: Final = {
    MIXED: "datasource",
    "-- Dashboard --": "datasource",
    "-- Grafana --": "grafana",
}
_VARIABLE: Final = re.compile(r"\$(\w+)|\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]")


def kinds(variables: list[Json]) -> Kinds:
    """What the variables of a dashboard choose data sources of."""
    return {
        str(variable.get("name")): str(variable["query"])
        for variable in variables
        if variable.get("type") == "datasource" and variable.get("query")
    }


def reference(value: Any, known: Kinds) -> Json | None:
    """The object that stands for a data source given by name, variable or object; None for none."""
    if isinstance(value, dict):
        whole = {key: below for key, below in value.items() if below is not None}
        uid = whole.get("uid")
        return {**(_named(uid, known) if isinstance(uid, str) else {}), **whole} or None
    return _named(value, known) if isinstance(value, str) and value else None


def _named(name: str, known: Kinds) -> Json:
    if found := _VARIABLE.fullmatch(name):
        variable = found[1] or found[2] or found[3]
        kind, uid = known.get(variable), f"${{{variable}}}"
    else:
        kind, uid = _BUILT_IN.get(name), name
    return {"type": kind, "uid": uid} if kind else {"uid": uid}
