"""The variables of a dashboard: their options, queried from Prometheus, and their values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from obs.clients.prometheus import Series
from obs.dashboard_preview import board
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.frames import selector
from obs.dashboard_preview.ranges import TimeRange
from obs.dashboards.interpolate import ALL, Chosen, VariableScope, for_query
from obs.errors import SourceError

_LABEL_VALUES: Final = re.compile(r"label_values\(\s*(?:(.+),)?\s*([\w.]+)\s*\)", re.DOTALL)
_QUERY_RESULT: Final = re.compile(r"query_result\((.+)\)", re.DOTALL)
_METRICS: Final = re.compile(r"metrics\((.*)\)", re.DOTALL)
_CUSTOM: Final = re.compile(r"((?:\\,|[^,])+)")


class LabelQueries(Protocol):
    """The queries for options that a Prometheus server answers."""

    def query(self, expression: str, at: float) -> list[Series]:
        """The result of an expression at a moment."""

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        """The values of a label."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with its options. `query` is the query as it was sent, empty without one."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    """Text and value of each, without All."""
    chosen: Chosen
    multi: bool = False
    include_all: bool = False
    hidden: bool = False
    query: str = ""
    error: str | None = None


def resolved(
    dashboard: Json,
    prometheus: LabelQueries,
    chosen: Mapping[str, Sequence[str]],
    during: TimeRange,
) -> list[Variable]:
    """Each variable with its options and its chosen values.

    Options are queried in order, with the values of the variables before. `chosen` is from the URL;
    the dashboard's own choice, All, or the first option stand where it says nothing.
    """
    found: list[Variable] = []
    for variable in board.variables(dashboard):
        scope = {each.name: each.chosen for each in found} | dict(during.scope)
        found.append(_resolved(variable, prometheus, chosen.get(variable["name"]), scope, during))
    return found


def scope_of(variables: Iterable[Variable]) -> VariableScope:
    """The values of the variables by name."""
    return {each.name: each.chosen for each in variables}


def _resolved(
    variable: Json,
    prometheus: LabelQueries,
    wanted: Sequence[str] | None,
    scope: VariableScope,
    during: TimeRange,
) -> Variable:
    query, error, options = "", None, list[tuple[str, str]]()
    try:
        query, options = _options(variable, prometheus, scope, during)
    except SourceError as problem:
        error = str(problem)
    return Variable(
        name=variable["name"],
        label=variable.get("label") or variable["name"],
        options=tuple(options),
        chosen=_chosen(variable, options, wanted),
        multi=bool(variable.get("multi")),
        include_all=bool(variable.get("includeAll")),
        hidden=variable.get("hide") == 2,
        query=query,
        error=error,
    )


def _options(
    variable: Json, prometheus: LabelQueries, scope: VariableScope, during: TimeRange
) -> tuple[str, list[tuple[str, str]]]:
    match variable.get("type"):
        case "query":
            query = for_query(_query(variable), scope)
            values = _run_query(query, prometheus, during)
            return query, _sorted(_filtered(values, variable.get("regex") or ""), variable)
        case "datasource":
            return "", [("Prometheus", "prometheus")]
        case "custom" | "interval":
            return "", _written(str(variable.get("query") or ""))
        case "constant" | "textbox":
            value = str(variable.get("query") or "")
            return "", [(value, value)]
    return "", []


def _query(variable: Json) -> str:
    query: Any = variable.get("query") or variable.get("definition") or ""
    return str(query.get("query") or "") if isinstance(query, Mapping) else str(query)


def _run_query(query: str, prometheus: LabelQueries, during: TimeRange) -> list[str]:
    span = (during.start, during.end)
    if found := _LABEL_VALUES.fullmatch(query.strip()):
        return prometheus.label_values(found[2], found[1], *span)
    if found := _METRICS.fullmatch(query.strip()):
        names = prometheus.label_values("__name__", None, *span)
        return [name for name in names if re.search(found[1], name)]
    if found := _QUERY_RESULT.fullmatch(query.strip()):
        return [
            f"{selector(series.labels)} {series.points[-1][1]:g} {series.points[-1][0] * 1000:.0f}"
            for series in prometheus.query(found[1], during.end)
        ]
    return []


def _filtered(values: Sequence[str], pattern: str) -> list[tuple[str, str]]:
    """Options that match the variable's regular expression; groups may be named text and value."""
    body = re.sub(r"^/|/[a-z]*$", "", pattern)
    if not body:
        return [(value, value) for value in values]
    expression = re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", body))  # JavaScript's named groups
    options = []
    for value in values:
        if found := expression.search(value):
            named = found.groupdict()
            only = found[1] if found.lastindex else value
            text = named.get("text") or named.get("value") or only
            options.append((text, named.get("value") or named.get("text") or only))
    return list(dict.fromkeys(options))


def _sorted(options: list[tuple[str, str]], variable: Json) -> list[tuple[str, str]]:
    order = int(variable.get("sort") or 0)
    if order in (3, 4):  # numerical

        def number(option: tuple[str, str]) -> float:
            digits = re.search(r"\d+", option[0])
            return float(digits[0]) if digits else -1.0

        return sorted(options, key=number, reverse=order == 4)
    if order:
        fold = order >= 5
        key = (lambda option: option[0].lower()) if fold else (lambda option: option[0])
        return sorted(options, key=key, reverse=order % 2 == 0)
    return options


def _written(query: str) -> list[tuple[str, str]]:
    """The options of `a,b : c`: a colon between spaces separates text and value."""
    options = []
    for part in _CUSTOM.findall(query):
        text, colon, value = part.replace("\\,", ",").strip().partition(" : ")
        options.append((text.strip(), value.strip() if colon else text.strip()))
    return [option for option in options if option[0]]


def _chosen(
    variable: Json, options: Sequence[tuple[str, str]], wanted: Sequence[str] | None
) -> Chosen:
    multi, include_all = bool(variable.get("multi")), bool(variable.get("includeAll"))
    there = tuple(value for _, value in options)
    values = _wanted(wanted) if wanted else _own(variable, there)
    if ALL in values or (not values and include_all):
        return Chosen(there or ("",), True, True, variable.get("allValue") or None)
    values = values or there[:1] or ("",)
    return Chosen(values if multi else values[:1], multi or include_all)


def _wanted(values: Sequence[str]) -> tuple[str, ...]:
    # `All` is what people type into a URL, and Grafana accepts it.
    return (ALL,) if any(value in (ALL, "All") for value in values) else tuple(values)


def _own(variable: Json, there: Sequence[str]) -> tuple[str, ...]:
    """The values saved in the dashboard that are still options."""
    value = (variable.get("current") or {}).get("value")
    values = value if isinstance(value, list) else [value] if value else []
    return tuple(str(each) for each in values if each == ALL or each in there)
