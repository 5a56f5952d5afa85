"""Turns validation errors of the models into sentences that say what would be right."""

import re
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from obs.redaction.text import redacted
from obs.spec.field_types import expected, field_names, is_model
from obs.spec.model import Model
from obs.spec.quantity import format_duration, parse_duration
from obs.spec.report import MOST_PROBLEMS, Problem, cut, did_you_mean, problem_at
from obs.spec.system import System
from obs.spec.tree import Fields, Path, locate, locate_key

_Facts = Mapping[str, Any]


def explain(
    error: ValidationError, tree: Fields, *, missing: bool = True, root: type[Model] = System
) -> list[Problem]:
    """One problem for each error of validating the model `root`, at the line of the wrong value.

    With `missing` false, missing fields are no problem: they may be in an unreadable file.
    """
    details = error.errors(include_url=False)[: MOST_PROBLEMS + 1]
    unknown = [tuple(each["loc"]) for each in details if each["type"] == "extra_forbidden"]
    return [
        _problem(detail, tree, root)
        for detail in details
        if not _is_consequence(detail)
        and (detail["type"] != "missing" or (missing and not _misspelt(detail["loc"], unknown)))
    ]


def _misspelt(path: Path, unknown: Sequence[Path]) -> bool:
    """Whether an unknown field beside it is probably the missing one, and reported already."""
    return any(
        other[:-1] == path[:-1] and did_you_mean(str(other[-1]), [str(path[-1])])
        for other in unknown
    )


def _is_consequence(detail: ErrorDetails) -> bool:
    """Whether another error causes this one: a list is too short because its entries are wrong."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _problem(detail: ErrorDetails, tree: Fields, root: type[Model]) -> Problem:
    path: Path = tuple(detail["loc"])
    kind, facts = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return problem_at(locate_key(tree, path), _unknown_field(path, root))
    if kind == "missing":
        return problem_at(locate(tree, path), _missing(path))
    if path and path[-1] == "[key]":
        path = path[:-1]
        sentence = _sentence(kind, path, detail["input"], facts, root)
        return problem_at(locate_key(tree, path), sentence)
    if facts.get("field"):
        path = (*path, *_steps(facts["field"]))
    return problem_at(locate(tree, path), _sentence(kind, path, detail["input"], facts, root))


def _steps(field: str | tuple[str, ...]) -> Path:
    """The steps of `targets[2].name`; a name alone is one step, even with a dot in it."""
    if isinstance(field, tuple):
        return field
    if "[" not in field:
        return (field,)
    return tuple(int(each) if each.isdigit() else each for each in re.findall(r"[^.\[\]]+", field))


def _unknown_field(path: Path, root: type[Model]) -> str:
    names, name = field_names(path[:-1], root), str(path[-1])
    homes = [
        known
        for known in names
        if is_model(below := expected((*path[:-1], known), root)) and name in below.model_fields
    ]
    if homes:
        return f"unknown field; {name} belongs under {homes[0]}"
    if (meant := _ELSEWHERE.get(name)) in names:
        return f"unknown field; did you mean {meant}?"
    hint = did_you_mean(name, names)
    if hint:
        return f"unknown field{hint}"
    return f"unknown field; known fields: {', '.join(names)}"


_ELSEWHERE: Final = {
    "interval": "poll",
    "poll_interval": "poll",
    "scrape_interval": "poll",
    "scrape_timeout": "timeout",
    "target": "objective",
    "url": "monitor",
    "username": "user",
}
"""What other tools call a field, where no spelling leads to it."""

_EXAMPLES: Final = {
    "version": "version: 1",
    "system": "system: orders",
    "name": "name: delivery",
    "service": "service: orders",
    "objective": "objective: 99.9",
    "monitor": "monitor: [http://localhost:8222]",
    "region": "region: us-east-1",
    "servers": "servers: [nats://localhost:4222]",
}


def _missing(path: Path) -> str:
    example = _EXAMPLES.get(str(path[-1]))
    return f"is missing; write for example `{example}`" if example else "is missing"


def _sentence(kind: str, path: Path, found: object, facts: _Facts, root: type[Model]) -> str:
    words = _SENTENCES.get(kind)
    if kind == "tuple_type" and is_model(expected((*path, 0), root)):
        return f"{_shown(found)} where a list of mappings is expected"
    if words is not None:
        return words(found, facts)
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        names = field_names(path, root)
        fields = f" with the fields {', '.join(names)}" if names and path else ""
        return f"{_shown(found)} where a mapping is expected{fields}"
    return f"{_shown(found)} is not allowed here"


def _shown(value: object) -> str:
    """The value as written in the spec; long values are cut, structures named by their type."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = redacted(repr(value))  # before it is cut
    return text if len(text) <= 80 else f"{text[:60]}…"


def _own(found: object, facts: _Facts) -> str:
    return str(facts["message"])


def _raised(found: object, facts: _Facts) -> str:
    return str(facts["error"])


def _text(found: object, facts: _Facts) -> str:
    if isinstance(found, bool | int | float):
        written = _shown(found)
        return f'{written} is not a string; write it in quotes: "{written}"'
    return f"{_shown(found)} where a string is expected"


def _list(found: object, facts: _Facts) -> str:
    if isinstance(found, str):
        return f"{_shown(found)} where a list is expected; write [{found}]"
    return f"{_shown(found)} where a list is expected"


def _whole_number(found: object, facts: _Facts) -> str:
    return f"{_shown(found)} is not a whole number; write for example 1000"


def _number(found: object, facts: _Facts) -> str:
    return f"{_shown(found)} is not a number; write for example 99.9"


def _true_or_false(found: object, facts: _Facts) -> str:
    return f"{_shown(found)} is neither true nor false; write one of them"


def _choice(found: object, facts: _Facts) -> str:
    choices = str(facts["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
    hint = did_you_mean(found, choices) if isinstance(found, str) else ""
    return f"{_shown(found)} is not one of the choices: {', '.join(choices)}{hint}"


def _too_few(found: object, facts: _Facts) -> str:
    least = facts["min_length"]
    empty = "is empty" if isinstance(found, dict) else "is an empty list"
    return f"{empty}; write at least {least} {'entry' if least == 1 else 'entries'}"


def _too_short(found: object, facts: _Facts) -> str:
    return (
        "is empty; write at least one character" if not found else f"{_shown(found)} is too short"
    )


def _too_many(found: object, facts: _Facts) -> str:
    most, entries = facts["max_length"], len(found) if isinstance(found, Sized) else "more"
    return f"has {entries} entries; write at most {most}"


def _too_long(found: object, facts: _Facts) -> str:
    return f"{_shown(found)} is too long; write at most {facts['max_length']} characters"


def _limit(fact: str, words: str) -> Callable[[object, _Facts], str]:
    def sentence(found: object, facts: _Facts) -> str:
        limit = facts[fact]
        if isinstance(found, str):
            try:
                parse_duration(found)
            except ValueError:
                return f"{cut(found, 80)} is out of range; write {words} {_plain(limit)}"
            shown = cut(found, 80)
            return f"{shown} is out of range; write {words} {format_duration(limit)}"
        return f"{_shown(found)} is out of range; write {words} {_plain(limit)}"

    return sentence


def _plain(limit: float) -> str:
    """Without exponent: 1000000000."""
    return str(int(limit)) if limit == int(limit) else f"{limit:g}"


_SENTENCES: Final[dict[str, Callable[[object, _Facts], str]]] = {
    "spec": _own,
    "value_error": _raised,
    "string_type": _text,
    "tuple_type": _list,
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float", "int_parsing_size"), _whole_number
    ),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _number),
    **dict.fromkeys(("bool_type", "bool_parsing"), _true_or_false),
    "literal_error": _choice,
    "too_short": _too_few,
    "too_long": _too_many,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "greater_than": _limit("gt", "more than"),
    "greater_than_equal": _limit("ge", "at least"),
    "less_than": _limit("lt", "less than"),
    "less_than_equal": _limit("le", "at most"),
}
