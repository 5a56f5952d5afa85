"""What a Prometheus has loaded, and what the spec builds, in a form in which they can be compared.

All that is loaded counts. Prometheus formats expressions in its own way, so it is asked to format
those that are built as well.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.bounded_yaml import load_yaml
from obs.clients.http import without_user
from obs.clients.parallel import in_parallel
from obs.clients.rest import RequestRejected, Rest, document
from obs.spec.system import System
from obs.stacks.answers import YAML, fields, items, number, text, texts, understood
from obs.stacks.rules import seconds

_RULES: Final = "/api/v1/rules"
_CONFIG: Final = "/api/v1/status/config"
_FORMAT: Final = "/api/v1/format_query"
_PROGRAM: Final = "Prometheus"
_QUOTED_OR_SPACE: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\s+""")

Group = Mapping[str, Any]
"""A rule group: as a rule file has it, or as /api/v1/rules returns it."""
Fields = dict[str, Any]
Formatted = Mapping[str, str]
"""How the server formats expressions; one that is not in it is as it is."""


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """The groups that are loaded, as /api/v1/rules returns them.

    `interval`: seconds between evaluations of a group that says nothing of it; None: not known.
    """

    groups: Sequence[Group]
    formatted: Formatted
    interval: float | None


def read_loaded(
    rest: Rest, built: Sequence[Group], is_ours: Callable[[Group], bool] = lambda group: False
) -> LoadedRules:
    """The groups that are loaded under the names of the built ones, or are ours for another reason.

    Raises SourceError.
    """
    names = {group["name"] for group in built}
    answer = _data(rest, _RULES)
    with understood(rest, _RULES, _PROGRAM):
        loaded = [_group(fields(each)) for each in items(answer["groups"])]
    groups = [each for each in loaded if each["name"] in names or is_ours(each)]
    there = {rule["query"] for group in groups for rule in group["rules"]}
    wanted = {rule["expr"] for group in built for rule in group["rules"]}
    formatted = {} if wanted == there else _formatted(rest, wanted | there)
    return LoadedRules(groups, formatted, _interval(rest) if groups else None)


def built_fields(group: Group, loaded: LoadedRules) -> Fields:
    """A built group in comparable form."""
    given = group.get("interval")
    told = loaded.interval is not None
    interval = loaded.interval if given is None else seconds(given)
    return {
        **({"interval": interval} if told else {}),
        "limit": group.get("limit", 0),
        "rules": [_built_rule(rule, loaded.formatted) for rule in group["rules"]],
    }


def loaded_fields(group: Group, loaded: LoadedRules) -> Fields:
    """A loaded group in comparable form."""
    told = loaded.interval is not None and "interval" in group
    return {
        **({"interval": float(group["interval"])} if told else {}),
        "limit": int(group.get("limit", 0)),
        "rules": [_loaded_rule(rule, loaded.formatted) for rule in group["rules"]],
    }


def is_of(rule: Mapping[str, Any], system: System) -> bool:
    """Whether the labels of a loaded rule say that it is of the system in this environment."""
    labels = rule.get("labels") or {}
    found = labels.get("system"), labels.get("environment")
    return found == (system.system, system.environment)


def may_be_of(rule: Mapping[str, Any], system: System) -> bool:
    """The same, or it is a recording rule whose labels say nothing of it."""
    labels = rule.get("labels") or {}
    silent = rule.get("type") == "recording" and not labels.keys() & {"system", "environment"}
    return silent or is_of(rule, system)


def _group(found: Fields) -> Group:
    """A group as Prometheus returns it, each field of its type. Raises TypeError and KeyError."""
    known: Fields = {n: number(found[n]) for n in ("interval", "limit") if n in found}
    rules = [_rule(fields(rule)) for rule in items(found["rules"])]
    file = text(found.get("file", ""))
    return {**known, "name": text(found["name"]), "file": file, "rules": rules}


def _rule(found: Fields) -> Fields:
    return {
        **{name: text(found[name]) for name in ("name", "query", "type")},
        **{name: text(found.get(name, "")) for name in ("health", "lastError")},
        **{name: number(found.get(name)) for name in ("duration", "keepFiringFor")},
        **{name: texts(found.get(name)) for name in ("labels", "annotations")},
    }


def _built_rule(rule: Mapping[str, Any], formatted: Formatted) -> Fields:
    name = rule.get("alert") or rule["record"]
    fields = _fields(name, rule["expr"], rule, formatted)
    if "alert" not in rule:
        return fields
    held = {key: seconds(rule.get(key, "0s")) for key in ("for", "keep_firing_for")}
    return {**fields, **held, "annotations": _texts(rule.get("annotations"))}


def _loaded_rule(rule: Mapping[str, Any], formatted: Formatted) -> Fields:
    fields = _fields(rule["name"], rule["query"], rule, formatted)
    if rule["type"] != "alerting":
        return fields
    held = {"for": rule.get("duration", 0), "keep_firing_for": rule.get("keepFiringFor", 0)}
    return {
        **fields,
        **{key: float(value) for key, value in held.items()},
        "annotations": _texts(rule.get("annotations")),
    }


def _fields(name: str, expression: str, rule: Mapping[str, Any], formatted: Formatted) -> Fields:
    text = formatted.get(expression, expression)
    return {"name": name, "expression": text, "labels": _texts(rule.get("labels"))}


def _texts(values: Mapping[str, str] | None) -> dict[str, str]:
    """Sorted, and without empty ones, which Prometheus drops."""
    return {key: text for key, text in sorted((values or {}).items()) if text}


def _formatted(rest: Rest, expressions: Collection[str]) -> dict[str, str]:
    """These expressions as the server formats them; one that it cannot parse is unchanged.

    A server that cannot format tells the expressions as they were written: without white space.
    """
    listed = sorted(expressions)
    try:
        found = in_parallel(lambda text: _format(rest, text), listed)
    except _NoFormatter:
        found = list(map(_without_space, listed))
    return dict(zip(listed, found, strict=True))


class _NoFormatter(Exception):  # noqa: N818  says what is the case
    """The server has no API that formats expressions."""


def _format(rest: Rest, text: str) -> str:
    try:
        return str(_data(rest, _FORMAT, query=text))
    except RequestRejected as error:
        if error.status == 404:
            raise _NoFormatter from None
        return text


def _without_space(expression: str) -> str:
    return _QUOTED_OR_SPACE.sub(lambda found: found.group(1) or "", expression)


def _interval(rest: Rest) -> float | None:
    """Of groups that say nothing; None where the server does not tell its configuration."""
    try:
        whole = load_yaml(_data(rest, _CONFIG)["yaml"], YAML)
        interval = seconds(whole["global"]["evaluation_interval"])
    except (RequestRejected, KeyError, TypeError, ValueError, AttributeError):
        return None
    return interval if isinstance(interval, float) else None


def _data(rest: Rest, path: str, **parameters: str) -> Any:
    answer = document(rest.get(path, parameters or None), f"{without_user(rest.url)}{path}")
    with understood(rest, path, _PROGRAM):
        return answer["data"]
