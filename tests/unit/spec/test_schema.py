"""The JSON Schema agrees with what the loader takes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from obs.spec.schema import json_schema

REFERENCE = Path(__file__).parents[3] / "collectors" / "oms.yaml"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


@pytest.fixture
def reference() -> Any:
    return yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))


def schemas(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for below in node.values():
            yield from schemas(below)
    elif isinstance(node, list):
        for below in node:
            yield from schemas(below)


def test_it_is_a_schema_of_draft_2020_12() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def test_the_reference_spec_fits(validator: Draft202012Validator, reference: object) -> None:
    assert [error.message for error in validator.iter_errors(reference)] == []


def test_every_mapping_with_fields_refuses_others() -> None:
    for schema in schemas(json_schema()):
        if "properties" in schema and schema.get("type") == "object":
            assert schema["additionalProperties"] is False


def test_every_field_is_described() -> None:
    schema = json_schema()
    for name, definition in {**schema["$defs"], "top": schema}.items():
        for field, below in definition["properties"].items():
            assert below.get("description"), (name, field)


def test_defaults_are_written_as_people_write_them() -> None:
    definitions = json_schema()["$defs"]
    assert definitions["NatsSource"]["properties"]["poll"]["default"] == "15s"
    assert definitions["Slo"]["properties"]["window"]["default"] == "30d"


def test_every_default_fits_its_own_field() -> None:
    schema = json_schema()
    for name, definition in {**schema["$defs"], "top": schema}.items():
        for field, below in definition.get("properties", {}).items():
            if "default" in below:
                whole = {**below, "$defs": schema["$defs"]}
                assert Draft202012Validator(whole).is_valid(below["default"]), (name, field)


def test_it_reads_the_same_each_time() -> None:
    assert json.dumps(json_schema()) == json.dumps(json_schema())


GOOD = [
    ("poll", "1h30m"),
    ("poll", "${POLL:-15s}"),
    ("discover", "${DISCOVER}"),
    ("max_consumers", "${CAP}"),
    ("max_consumers", None),
    ("ephemeral", "${EPHEMERAL}"),
    ("connection", None),
    ("monitor", ["${MONITOR}"]),
    ("connection", {"servers": ["nats://n:4222"], "token": "${TOKEN}"}),
]
BAD = [
    ("poll", 15),
    ("poll", "often"),
    ("pol", "15s"),
    ("max_consumers", "many"),
    ("max_consumers", 0),
    ("ephemeral", "rollup"),
    ("monitor", "http://n:8222"),
    ("monitor", ["nats:8222"]),
    ("connection", {"servers": ["nats://n:4222"], "token": "literal"}),
]


def spec_with(field: str, value: object) -> dict[str, object]:
    source = {"monitor": ["http://n:8222"], field: value}
    return {"version": 1, "system": "x", "sources": {"nats": {"main": source}}}


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_what_the_loader_takes_the_schema_takes(
    validator: Draft202012Validator, loaded: Callable[..., object], field: str, value: object
) -> None:
    spec = spec_with(field, value)
    assert [error.message for error in validator.iter_errors(spec)] == []
    variables = {"DISCOVER": "true", "CAP": "5", "EPHEMERAL": "each", "MONITOR": "http://n:8222"}
    assert loaded(yaml.safe_dump(spec), variables=variables)


@pytest.mark.parametrize(("field", "value"), BAD)
def test_what_the_loader_refuses_the_schema_refuses(
    validator: Draft202012Validator, complaints: Callable[..., object], field: str, value: object
) -> None:
    spec = spec_with(field, value)
    assert not validator.is_valid(spec)
    assert complaints(yaml.safe_dump(spec))


def test_an_overlay_may_be_partial_but_an_slo_in_it_needs_its_name(
    validator: Draft202012Validator, reference: dict[str, Any]
) -> None:
    reference["environments"] = {"test": {"slos": [{"objective": 95}]}, "empty": None}
    (error,) = validator.iter_errors(reference)
    assert list(error.absolute_path)[:2] == ["environments", "test"]
    reference["environments"]["test"]["slos"][0]["name"] = "processing"
    assert validator.is_valid(reference)


@pytest.mark.parametrize("field", ["version", "environment", "environments", "urll"])
def test_an_overlay_says_only_what_may_differ(
    validator: Draft202012Validator, reference: dict[str, Any], field: str
) -> None:
    reference["environments"] = {"test": {field: 1}}
    assert not validator.is_valid(reference)
