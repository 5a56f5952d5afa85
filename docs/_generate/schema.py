"""Reading the JSON Schema of the spec: what a value may be, and which fields a file has."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def choices(schema: Schema) -> Iterator[Schema]:
    """What a value may be, but for nothing and for a reference to a variable."""
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from choices(choice)
    elif schema.get("type") != "null" and schema.get("pattern") != r"\$\{":
        yield schema


def references(schema: Schema) -> list[str]:
    """The names of the models that a value may have in it."""
    found = []
    for choice in choices(schema):
        if "$ref" in choice:
            found.append(choice["$ref"].rpartition("/")[2])
        for below in _below(choice):
            found += references(below)
    return list(dict.fromkeys(found))


def _below(schema: Schema) -> Iterator[Schema]:
    items = schema.get("items")
    if isinstance(items, dict):
        yield items
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield more
    yield from schema.get("patternProperties", {}).values()


def models_of(whole: Schema) -> dict[str, Schema]:
    """The models of the spec by name; the whole file is `System`."""
    below = {name: each for name, each in whole["$defs"].items() if not name.endswith("Overlay")}
    return {"System": whole, **below}


def fields_of(whole: Schema) -> Iterator[tuple[str, str]]:
    """Every field by its model."""
    for model, schema in models_of(whole).items():
        for name in schema.get("properties", {}):
            yield model, name


def fields_in(model: str, value: Any, whole: Schema) -> Iterator[tuple[str, str, Any]]:
    """Each model, field and value of a file; what fits no model is left out."""
    schema = whole if model == "System" else whole["$defs"][model]
    if not isinstance(value, dict):
        return
    for name, below in value.items():
        field = schema.get("properties", {}).get(name)
        if field is not None and below is not None:
            yield model, name, below
            yield from _values(field, below, whole)


def _values(schema: Schema, value: Any, whole: Schema) -> Iterator[tuple[str, str, Any]]:
    for choice in choices(schema):
        if "$ref" in choice and not choice["$ref"].endswith("Overlay"):
            yield from fields_in(choice["$ref"].rpartition("/")[2], value, whole)
        elif isinstance(value, list) and isinstance(choice.get("items"), dict):
            for each in value:
                yield from _values(choice["items"], each, whole)
        elif isinstance(value, dict):
            for below in _below(choice):
                for each in value.values():
                    yield from _values(below, each, whole)
