"""Substitution of a dashboard's variables, as Grafana and its Prometheus data source do it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

ALL: Final = "$__all"
"""The value that stands for every option of a variable."""

_REFERENCE: Final = re.compile(
    r"\$(?P<plain>\w+)"
    r"|\[\[(?P<square>\w+)(?::(?P<square_form>[^\]]+))?\]\]"
    r"|\$\{(?P<name>\w+)(?P<path>(?:\.[^:}\[]+|\[[^\]]*\])*)(?::(?P<form>[^}]+))?\}"
)
_PATH_PART: Final = re.compile(r"\.([^.\[]+)|\[\"?([^\]\"]*)\"?\]")
_REGEX_SPECIAL: Final = re.compile(r"[$^*{}\[\]'+?.()|]")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen for a variable.

    `values` are the options chosen; for All every option there is. `regex` says that several may
    be chosen, so that a query matches with =~. `verbatim` stands for All where the dashboard says
    what to send then (`allValue`); it is never escaped.
    """

    values: tuple[str, ...]
    regex: bool = False
    everything: bool = False
    verbatim: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The values as they stand in the address of a dashboard."""
        return (ALL,) if self.everything else self.values


VariableScope = Mapping[str, Chosen]
Facts = Mapping[str, str]
"""Values of dotted references, for example `__field.labels.stream`."""


def for_query(text: str, scope: VariableScope) -> str:
    """A PromQL expression with its variables replaced, escaped for a double-quoted string."""
    return _replaced(text, scope, {}, _for_query)


def for_text(text: str, scope: VariableScope) -> str:
    """A title, description or legend: several values joined by ` + `."""
    return _replaced(text, scope, {}, _for_text)


def for_link(text: str, scope: VariableScope, facts: Facts | None = None) -> str:
    """An address; each value is percent-encoded, so that no label value can change its meaning."""
    return _replaced(text, scope, facts or {}, _for_link)


def referenced(text: str) -> tuple[str, ...]:
    """The names of the variables in a text, built-in ones included, in order, each once."""
    return tuple(dict.fromkeys(_name(match) for match in _REFERENCE.finditer(text)))


def time_scope(start: float, end: float, raw: tuple[str, str]) -> VariableScope:
    """What a time range gives: `$__range`, `$__from`, `${__url_time_range}` and their like.

    `start` and `end` in seconds since the epoch; `raw` as chosen, for example now-6h and now.
    """
    seconds = max(round(end - start), 1)
    return {
        "__range": Chosen((f"{seconds}s",)),
        "__range_s": Chosen((str(seconds),)),
        "__range_ms": Chosen((str(seconds * 1000),)),
        "__from": Chosen((str(round(start * 1000)),)),
        "__to": Chosen((str(round(end * 1000)),)),
        "__url_time_range": Chosen((f"from={quote(raw[0])}&to={quote(raw[1])}",)),
    }


def interval_scope(step: float, rate_interval: float) -> VariableScope:
    """`$__interval` and `$__rate_interval`; both in seconds."""
    return {
        "__interval": Chosen((duration(step),)),
        "__interval_ms": Chosen((str(round(step * 1000)),)),
        "__rate_interval": Chosen((duration(rate_interval),)),
        "__rate_interval_ms": Chosen((str(round(rate_interval * 1000)),)),
    }


def duration(seconds: float) -> str:
    """PromQL's way to write a duration: `90s` is `1m30s`."""
    left = round(seconds * 1000)
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def query_parameters(scope: VariableScope) -> str:
    """`var-x=…` for each variable that is not built in: what `${__all_variables}` stands for."""
    return "&".join(
        _query_parameter(name, chosen)
        for name, chosen in scope.items()
        if not name.startswith("__")
    )


Form = Callable[[str, Chosen], str]


def _replaced(text: str, scope: VariableScope, facts: Facts, default: Form) -> str:
    def replacement(match: re.Match[str]) -> str:
        name, path, form = _name(match), match["path"], match["form"] or match["square_form"]
        if path:
            key = ".".join((name, *(first or second for first, second in _PATH_PART.findall(path))))
            return default(name, Chosen((facts[key],))) if key in facts else match[0]
        if name == "__all_variables":
            return query_parameters(scope)
        if name not in scope:
            return match[0]
        return _formatted(name, scope[name], form, default)

    return _REFERENCE.sub(replacement, text)


def _name(match: re.Match[str]) -> str:
    return match["plain"] or match["square"] or match["name"]


def _formatted(name: str, chosen: Chosen, form: str | None, default: Form) -> str:
    if form is None:
        return default(name, chosen)
    kind, _, argument = form.partition(":")
    if kind == "date":
        return _date(chosen, argument)
    if kind in ("text", "queryparam"):
        return _FORMS[kind](name, chosen)
    if chosen.everything and chosen.verbatim is not None:
        return chosen.verbatim
    return _FORMS.get(kind, default)(name, chosen)


def _for_query(_: str, chosen: Chosen) -> str:
    if chosen.everything and chosen.verbatim is not None:
        return chosen.verbatim
    if not chosen.regex:
        return "".join(_quoted(value) for value in chosen.values[:1])
    return _alternatives([_quoted(_literal(value)) for value in chosen.values])


def _for_text(_: str, chosen: Chosen) -> str:
    return "All" if chosen.everything else " + ".join(chosen.values)


def _for_link(name: str, chosen: Chosen) -> str:
    if name == "__url_time_range":
        return chosen.values[0]
    values = (ALL,) if chosen.everything else chosen.values
    joined = values[0] if len(values) == 1 else "{" + ",".join(values) + "}"
    return quote(joined, safe="")


def _quoted(value: str) -> str:
    """A value escaped for a double-quoted string of PromQL."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _literal(value: str) -> str:
    """A regular expression that matches exactly this."""
    return _REGEX_SPECIAL.sub(lambda match: "\\" + match[0], value.replace("\\", "\\\\"))


def _alternatives(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else "(" + "|".join(parts) + ")"


def _query_parameter(name: str, chosen: Chosen) -> str:
    return "&".join(
        f"var-{quote(name, safe='')}={quote(value, safe='')}" for value in chosen.parameters
    )


def _date(chosen: Chosen, form: str) -> str:
    try:
        milliseconds = float(chosen.values[0])
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ArithmeticError, LookupError, OSError, ValueError):
        return "".join(chosen.values[:1])  # it is no time
    if form == "seconds":
        return str(round(milliseconds / 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


_FORMS: Final[Mapping[str, Form]] = {
    "regex": lambda _, chosen: _alternatives([_literal(value) for value in chosen.values]),
    "pipe": lambda _, chosen: "|".join(chosen.values),
    "csv": lambda _, chosen: ",".join(chosen.values),
    "raw": lambda _, chosen: ",".join(chosen.values),
    "glob": lambda _, chosen: (
        chosen.values[0] if len(chosen.values) == 1 else "{" + ",".join(chosen.values) + "}"
    ),
    "json": lambda _, chosen: json.dumps(list(chosen.values), ensure_ascii=False),
    "text": _for_text,
    "queryparam": _query_parameter,
    "percentencode": lambda _, chosen: quote(",".join(chosen.values), safe=""),
    "singlequote": lambda _, chosen: ",".join(f"'{value}'" for value in chosen.values),
    "doublequote": lambda _, chosen: ",".join(f'"{value}"' for value in chosen.values),
}
