"""The variables of a dashboard: their options, queried from Prometheus, and their values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from obs.clients.prometheus import Series
from obs.dashboard_preview import board
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.frames import selector
from obs.dashboard_preview.javascript import pattern_of
from obs.dashboard_preview.odd import ODD, why
from obs.dashboard_preview.ranges import TimeRange
from obs.dashboard_preview.regex import UnknownRegex
from obs.dashboards.interpolate import ALL, Chosen, VariableScope, for_query
from obs.dashboards.kinds import PROMETHEUS, Kinds, datasource, kinds_of
from obs.errors import SourceError

_LABEL_VALUES: Final = re.compile(r"label_values\(\s*(?:(.+),)?\s*([\w.]+)\s*\)", re.DOTALL)
_QUERY_RESULT: Final = re.compile(r"query_result\((.+)\)", re.DOTALL)
_METRICS: Final = re.compile(r"metrics\((.*)\)", re.DOTALL)
_MOST_OPTIONS: Final = 5_000
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
    kinds = kinds_of(dashboard)
    for variable in board.variables(dashboard):
        scope = {each.name: each.chosen for each in found} | dict(during.scope)
        wanted = chosen.get(variable["name"])
        found.append(_resolved(variable, prometheus, wanted, scope, during, kinds))
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
    kinds: Kinds,
) -> Variable:
    query, error, options = "", _unfilled(variable, kinds), _saved(variable)
    if error is None:
        try:
            query, options = _options(variable, prometheus, scope, during)
        except (SourceError, UnknownRegex) as problem:
            error = str(problem)
        except ODD as odd:
            error = why(odd)
    if error is None and len(options) > _MOST_OPTIONS:
        error = f"has {len(options)} values, of which {_MOST_OPTIONS} are used"
    options = options[:_MOST_OPTIONS]
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


def _unfilled(variable: Json, kinds: Kinds) -> str | None:
    """Why the preview does not fill in a variable; None where it does."""
    kind = str(variable.get("type") or "")
    if kind == "adhoc":
        filters = [f for f in variable.get("filters") or () if isinstance(f, Mapping)]
        said = ", ".join(f"{f.get('key')} {f.get('operator')} {f.get('value')}" for f in filters)
        return f"the preview does not apply ad-hoc filters ({said})" if said else None
    if kind == "groupby" and _own(variable, None):
        return "the preview does not group queries by labels"
    if kind == "query":
        source = datasource(variable.get("datasource"))
        found = kinds.of_variable(source, _query(variable))
        if found != PROMETHEUS:
            return f"the preview does not query {found or 'a data source of unknown type'}"
    return None


def _saved(variable: Json) -> list[tuple[str, str]]:
    """The options that the dashboard has of a variable itself: those listed, or the chosen ones."""
    listed = [each for each in variable.get("options") or () if isinstance(each, Mapping)]
    values = [str(each.get("value")) for each in listed if each.get("value") not in (None, ALL)]
    values = values or [value for value in _own(variable, None) if value != ALL]
    return [(value, value) for value in dict.fromkeys(values)]


def _options(
    variable: Json, prometheus: LabelQueries, scope: VariableScope, during: TimeRange
) -> tuple[str, list[tuple[str, str]]]:
    match variable.get("type"):
        case "query":
            query = for_query(_query(variable), scope)
            values = _run_query(query, prometheus, during)
            filtered = _filtered(values, str(variable.get("regex") or ""))
            return query, _sorted(filtered, variable)
        case "datasource":
            return "", [("Prometheus", "prometheus")]
        case "custom" | "interval":
            return "", _written(str(variable.get("query") or ""))
        case "constant" | "textbox":
            value = str(variable.get("query") or "")
            return "", [(value, value)]
        case "switch":
            values = [str(variable.get(f"{name}Value") or name) for name in ("enabled", "disabled")]
            return "", [(value, value) for value in values]
        case "adhoc" | "groupby":
            return "", []
    raise ValueError(f"a variable of type {variable.get('type') or 'none'}")


def _query(variable: Json) -> str:
    query: Any = variable.get("query") or variable.get("definition") or ""
    return str(query.get("query") or "") if isinstance(query, Mapping) else str(query)


def _run_query(query: str, prometheus: LabelQueries, during: TimeRange) -> list[str]:
    span = (during.start, during.end)
    if found := _LABEL_VALUES.fullmatch(query.strip()):
        return prometheus.label_values(found[2], found[1], *span)
    if found := _METRICS.fullmatch(query.strip()):
        wanted = pattern_of(found[1])
        names = prometheus.label_values("__name__", None, *span)
        pairs = zip(names, wanted.search_all(names), strict=True)
        return [name for name, match in pairs if match]
    if found := _QUERY_RESULT.fullmatch(query.strip()):
        return [
            f"{selector(series.labels)} {series.points[-1][1]:g} {series.points[-1][0] * 1000:.0f}"
            for series in prometheus.query(found[1], during.end)
            if series.points
        ]
    raise ValueError(f"the query {query!r}: write label_values, metrics or query_result")


def _filtered(values: Sequence[str], pattern: str) -> list[tuple[str, str]]:
    """Options that match the variable's regular expression; groups may be named text and value."""
    if pattern in ("", "//"):
        return [(value, value) for value in values]
    expression = pattern_of(pattern)
    options = []
    for value, found in zip(values, expression.search_all(values), strict=True):
        if found:
            named = found.named
            only = value if found.first is None else found.first
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


def _own(variable: Json, there: Sequence[str] | None) -> tuple[str, ...]:
    """The values saved in the dashboard that are still options; all where `there` is None."""
    value = (variable.get("current") or {}).get("value")
    values = value if isinstance(value, list) else [value] if value else []
    texts = [str(each) for each in values if isinstance(each, str | int | float)]
    return tuple(each for each in texts if there is None or each == ALL or each in there)
