"""What a Prometheus has loaded, and what the spec builds, in a form in which they can be compared.

All that is loaded counts. Prometheus formats expressions in its own way, so it is asked to format
those that are built as well.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from obs.clients.http import without_user
from obs.clients.parallel import in_parallel
from obs.clients.rest import RequestRejected, Rest, document
from obs.errors import SourceError
from obs.spec.system import System
from obs.stacks.rules import seconds

_RULES: Final = "/api/v1/rules"
_CONFIG: Final = "/api/v1/status/config"
_FORMAT: Final = "/api/v1/format_query"
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
    try:
        groups = [
            each for each in _data(rest, _RULES)["groups"] if each["name"] in names or is_ours(each)
        ]
        there = {rule["query"] for group in groups for rule in group["rules"]}
    except (KeyError, TypeError):
        raise _invalid(rest, _RULES) from None
    texts = {rule["expr"] for group in built for rule in group["rules"]}
    formatted = {} if texts == there else _formatted(rest, texts | there)
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
    """A loaded group in comparable form. Raises SourceError where it is not one of Prometheus."""
    told = loaded.interval is not None and "interval" in group
    try:
        return {
            **({"interval": float(group["interval"])} if told else {}),
            "limit": group.get("limit", 0),
            "rules": [_loaded_rule(rule, loaded.formatted) for rule in group["rules"]],
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SourceError("decode", f"{_RULES}: not a response of Prometheus") from None


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


def _formatted(rest: Rest, texts: Collection[str]) -> dict[str, str]:
    """These expressions as the server formats them; one that it cannot parse is unchanged.

    A server that cannot format tells the expressions as they were written: without white space.
    """
    listed = sorted(texts)
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
        whole = yaml.load(_data(rest, _CONFIG)["yaml"], Loader=yaml.CSafeLoader)
        interval = seconds(whole["global"]["evaluation_interval"])
    except (RequestRejected, KeyError, TypeError, yaml.YAMLError):
        return None
    return interval if isinstance(interval, float) else None


def _data(rest: Rest, path: str, **parameters: str) -> Any:
    answer = document(rest.get(path, parameters or None), without_user(rest.url))
    try:
        return answer["data"]
    except (KeyError, TypeError):
        raise _invalid(rest, path) from None


def _invalid(rest: Rest, path: str) -> SourceError:
    return SourceError("decode", f"{without_user(rest.url)}{path}: not a response of Prometheus")
