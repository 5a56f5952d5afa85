"""Every value of a spec has bounds: what is beyond them is refused in one line, at once.

The fields are taken from the models, so that a new one is tried too.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import ValidationError

from obs.errors import BadInput
from obs.spec.load import load
from obs.spec.model import Model
from obs.spec.quantity import DURATION_PATTERN
from obs.spec.schema import json_schema
from obs.spec.system import System

Field = tuple[type[Model], str, Any]
"""A model, the name of one of its fields in a spec, and its type."""

ABSURD: tuple[object, ...] = (
    *(True, False, -1, -1.5, 10**29, -(10**29), 10**400, 1e308, float("nan"), float("inf")),
    *("1e999", "nan", "inf", "-1", "9" * 100_000, "x" * 100_000, "1" * 100_000 + "d"),
    *("-1s", "999999999999d", "9" * 400 + "d", "1e9s", "∞", "", [], {}),
)


def models(kind: Any, seen: set[Any]) -> Iterator[type[Model]]:
    if isinstance(kind, type) and issubclass(kind, Model):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for info in kind.model_fields.values():
            yield from models(info.annotation, seen)
    for argument in get_args(kind):
        yield from models(argument, seen)


def fields() -> Iterator[Field]:
    for model in models(System, set()):
        for name, info in model.model_fields.items():
            yield model, info.alias or name, info.annotation


def bare(kind: Any) -> Iterator[Any]:
    """The types that a value of this one may have."""
    if get_origin(kind) is Annotated:
        yield from bare(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from bare(each)
    elif kind is not NoneType:
        yield kind


FIELDS = tuple(fields())
NUMBERS = [f for f in FIELDS if {int, float} & set(bare(f[2]))]
TEXTS = [f for f in FIELDS if str in set(bare(f[2]))]


def ids(field: Field) -> str:
    return f"{field[0].__name__}.{field[1]}"


def refused(model: type[Model], name: str, value: object) -> bool:
    """Whether the value itself is refused, whatever else is missing."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return any(each["loc"][:1] == (name,) for each in error.errors(include_url=False))
    return False


def test_the_fields_of_all_rooms_are_found() -> None:
    names = {ids(field) for field in FIELDS}
    assert {"NatsSource.poll", "Route.repeat", "Otlp.every", "Slo.window"} <= names
    assert len(NUMBERS) > 30


@pytest.mark.parametrize("field", NUMBERS, ids=ids)
def test_every_number_and_duration_refuses_what_is_absurd(field: Field) -> None:
    model, name, _ = field
    accepted = [value for value in ABSURD if not refused(model, name, value)]
    assert accepted == []


def test_every_duration_says_its_bounds_in_the_schema() -> None:
    schema = json_schema()
    unbounded = [
        f"{model}.{name}"
        for model, definition in schema["$defs"].items()
        for name, field in definition["properties"].items()
        if f"'{DURATION_PATTERN}'".replace("\\", "\\\\") in repr(field)
        and " to " not in field["description"].rpartition("From ")[2]
        and name not in ("above", "below")  # which of them depends on the alert
    ]
    assert unbounded == []


def test_every_other_number_has_its_bounds_in_the_schema() -> None:
    schema, unbounded = json_schema(), []
    for model, definition in schema["$defs"].items():
        for name, field in definition["properties"].items():
            for each in (field, *field.get("anyOf", ())):
                if each.get("type") in ("integer", "number"):
                    bounds = {key.replace("exclusiveM", "m") for key in each} & {
                        "minimum",
                        "maximum",
                    }
                    if bounds != {"minimum", "maximum"}:
                        unbounded.append(f"{model}.{name}")
    assert unbounded == []


def values(schema: object) -> Iterator[dict[str, Any]]:
    """Every schema of a value below this one."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for below in schema:
            yield from values(below)


def test_every_list_and_mapping_has_a_most() -> None:
    lists = [each for each in values(json_schema()) if each.get("type") == "array"]
    mappings = [
        each
        for each in values(json_schema())
        if each.get("type") == "object" and "properties" not in each
    ]
    assert len(lists) > 20
    assert len(mappings) > 8
    assert [each for each in lists if "maxItems" not in each] == []
    assert [each for each in mappings if "maxProperties" not in each] == []


@pytest.mark.parametrize("field", TEXTS, ids=ids)
def test_every_text_has_a_most(field: Field) -> None:
    model, name, _ = field
    assert refused(model, name, "x" * 100_000)


@pytest.fixture
def complaint(tmp_path: Path) -> Callable[[str], list[str]]:
    """The lines about a spec."""

    def lines(text: str) -> list[str]:
        spec = tmp_path / "spec.yaml"
        spec.write_text(text)
        begun = time.monotonic()
        with pytest.raises(BadInput) as refusal:
            load([spec])
        assert time.monotonic() - begun < 15
        return str(refusal.value).replace(f"{tmp_path}/", "").splitlines()

    return lines


BEGIN = "version: 1\nsystem: oms\n"
NATS = "sources: {nats: {n: {monitor: [http://a:1], %s}}}\n"


@pytest.mark.parametrize("value", ["true", "1.0", "1e0", "2", "'1'", "[1]", ".nan"])
def test_only_the_whole_number_1_is_a_version(
    complaint: Callable[[str], list[str]], value: str
) -> None:
    (line,) = complaint(f"version: {value}\nsystem: oms\n")
    assert line.startswith("spec.yaml:1: version: ")


def test_all_absurd_values_are_told_at_once_with_what_is_right(
    complaint: Callable[[str], list[str]],
) -> None:
    fields = "poll: 0.000001s, timeout: 999999999999d, max_consumers: 1000000000000"
    assert complaint("version: true\nsystem: oms\n" + NATS % fields) == [
        "spec.yaml:1: version: true is not a version; write version: 1",
        "spec.yaml:3: sources.nats.n.max_consumers: 1000000000000 is out of range; "
        "write at most 1000000",
        "spec.yaml:3: sources.nats.n.poll: 0.000001s is out of range; write at least 100ms",
        "spec.yaml:3: sources.nats.n.timeout: 999999999999d is out of range; write at most 10m",
    ]


def test_a_hundred_thousand_mistakes_are_told_in_two_hundred_lines(
    complaint: Callable[[str], list[str]],
) -> None:
    lines = complaint(BEGIN + "".join(f"field{number}: 1\n" for number in range(20_000)))
    assert len(lines) == 201
    assert lines[-1].startswith("and ")


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}? {'x' * 100_000}\n: 1\n",
        f"version: 1\nsystem: {'x' * 100_000}\n",
        f"{BEGIN}sources: {{nats: {{{'x' * 900}: {{monitor: [a]}}}}}}\n",
        f"{BEGIN}alerts: {{{'x' * 900}: {{}}}}\n",
        NATS.join((BEGIN, "")) % f"poll: {'9' * 100_000}d",
    ],
    ids=["field", "system", "source", "alert", "duration"],
)
def test_a_line_about_an_endless_name_is_short(
    complaint: Callable[[str], list[str]], text: str
) -> None:
    lines = complaint(text)
    assert lines
    assert max(map(len, lines)) < 2500


@pytest.mark.parametrize("field", ["password_file", "token_file", "credentials_file"])
@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "large"])
def test_a_file_that_a_spec_names_is_regular_and_small(
    complaint: Callable[[str], list[str]], tmp_path: Path, field: str, kind: str
) -> None:
    named = tmp_path / "named"
    if kind == "pipe":
        os.mkfifo(named)
    elif kind == "device":
        named.symlink_to("/dev/zero")
    elif kind == "directory":
        named.mkdir()
    else:
        named.touch()
        os.truncate(named, 1_000_000_000)
    connection = f"connection: {{servers: [nats://a:1], {field}: {named}}}"
    (line,) = complaint(BEGIN + NATS % connection)
    assert line.startswith(f"spec.yaml:3: sources.nats.n.connection.{field}: named is ")


def test_many_environments_are_refused_before_each_is_validated(
    complaint: Callable[[str], list[str]],
) -> None:
    names = ", ".join(f"e{number}: {{}}" for number in range(20_000))
    assert complaint(f"{BEGIN}environments: {{{names}}}\n") == [
        "spec.yaml:3: environments: has 20000 entries; write at most 100"
    ]


def test_a_list_of_a_hundred_thousand_entries_is_one_line(
    complaint: Callable[[str], list[str]],
) -> None:
    many = ", ".join(["http://a:1"] * 100_000)
    assert complaint(f"{BEGIN}sources: {{nats: {{n: {{monitor: [{many}]}}}}}}\n") == [
        "spec.yaml:3: sources.nats.n.monitor: has 100000 entries; write at most 10000"
    ]
