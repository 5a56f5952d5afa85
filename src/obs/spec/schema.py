"""The JSON Schema of spec files, derived from the models, for completion in editors."""

from typing import Any, Final

from obs.spec.descriptions import descriptions, models
from obs.spec.environments import MOST_ENVIRONMENTS
from obs.spec.model import NAME_PATTERN, Model
from obs.spec.quantity import DURATION_PATTERN, format_duration
from obs.spec.system import System

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Final[Schema] = {"type": "string", "pattern": r"\$\{"}
_NOTHING: Final[Schema] = {"type": "null"}
_ABOUT: Final = ("description", "default", "examples")
_RANGE: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_FORM: Final = ("pattern", "enum", "const", "minLength")
_OVERLAY: Final = "Overlay"


def json_schema() -> Schema:
    """The JSON Schema, draft 2020-12.

    Beyond the models it accepts what the loader accepts: `${VARIABLE}` for any scalar, empty
    fields, and `environments`.
    """
    whole = System.model_json_schema()
    known = models()
    defined = {name: _model(schema, known[name]) for name, schema in whole.pop("$defs").items()}
    top = _model(whole, System)
    overlays = {name + _OVERLAY: _overlay(schema) for name, schema in defined.items()}
    overlays[f"System{_OVERLAY}"] = _environment(top)
    top["properties"]["environments"] = {
        "description": "Overrides by environment; --env chooses one.",
        "type": ["object", "null"],
        "patternProperties": {
            NAME_PATTERN: {"anyOf": [{"$ref": f"#/$defs/System{_OVERLAY}"}, _NOTHING]}
        },
        "additionalProperties": False,
        "maxProperties": MOST_ENVIRONMENTS,
    }
    definitions = dict(sorted({**defined, **overlays}.items()))
    return {"$schema": _DIALECT, "title": "obs spec", **top, "$defs": definitions}


def described_schema(model: type[Model]) -> Schema:
    """The JSON Schema of a file that is no spec: it refers to no variables."""
    whole = model.model_json_schema()
    known = models()
    defined = {name: _model(each, known[name]) for name, each in whole.pop("$defs").items()}
    found: Schema = _without_variables(
        {**_model(whole, model), "$defs": dict(sorted(defined.items()))}
    )
    return {"$schema": _DIALECT, **found}


def _without_variables(value: Any) -> Any:
    """The same schema, with no reference to a variable among its choices."""
    if isinstance(value, list):
        return [_without_variables(each) for each in value if each != _VARIABLE]
    if not isinstance(value, dict):
        return value
    found = {key: _without_variables(each) for key, each in value.items()}
    if len(choices := found.get("anyOf", ())) == 1:
        found = {**{key: each for key, each in found.items() if key != "anyOf"}, **choices[0]}
    return found


def _model(schema: Schema, model: type[Model]) -> Schema:
    """A model's schema, with every field as the loader accepts it."""
    required = schema.get("required", [])
    texts = {_alias(model, name): text for name, text in descriptions(model).items()}
    fields = {
        name: _field(_described(field, texts.get(name)), required=name in required)
        for name, field in schema["properties"].items()
    }
    return {**_untitled(schema), "properties": fields}


def _alias(model: type[Model], name: str) -> str:
    field = model.model_fields.get(name)
    return (field.alias if field else None) or name


def _described(schema: Schema, text: str | None) -> Schema:
    return schema if text is None else {"description": text} | schema


def _field(schema: Schema, *, required: bool) -> Schema:
    about: Schema = {key: schema[key] for key in _ABOUT if key in schema}
    if bounds := _duration_bounds(schema):
        about["description"] = f"{about['description']} {bounds}"
    if _is_duration(schema) and isinstance(about.get("default"), float):
        about["default"] = format_duration(about["default"])
    if about.get("default", "") is None or isinstance(about.get("default"), dict):
        del about["default"]  # the fields below have their own defaults
    choices = _choices({key: value for key, value in schema.items() if key not in _ABOUT})
    if not required and _NOTHING not in choices:
        choices = [*choices, _NOTHING]
    return {**about, **_any_of(choices)}


def _choices(schema: Schema) -> list[Schema]:
    """The alternatives for a value: those of the model, and a reference to a variable."""
    if "anyOf" in schema:
        choices: list[Schema] = []
        for choice in schema["anyOf"]:
            choices += [below for below in _choices(choice) if below not in choices]
        return choices
    schema = _untitled(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _any_of(_choices(schema[key]))
    if "patternProperties" in schema:
        schema["patternProperties"] = {
            pattern: _any_of([below, _NOTHING])
            for pattern, below in schema["patternProperties"].items()
        }
        schema["additionalProperties"] = False
    if _is_duration(schema):
        schema = {key: value for key, value in schema.items() if key not in _RANGE}
    return [schema, _VARIABLE] if _refuses_references(schema) else [schema]


def _refuses_references(schema: Schema) -> bool:
    """Whether this is a scalar whose schema would reject `${VARIABLE}`."""
    kind = schema.get("type")
    if kind in ("integer", "number", "boolean"):
        return True
    is_secret = str(schema.get("pattern", "")).startswith(r"^\$\{")
    return kind == "string" and not is_secret and any(key in schema for key in _FORM)


def _duration_bounds(schema: Schema) -> str:
    """From which to which duration; what JSON Schema has no words for, as these are texts."""
    if _is_duration(schema) and "minimum" in schema and "maximum" in schema:
        least, most = format_duration(schema["minimum"]), format_duration(schema["maximum"])
        return f"From {least} to {most}."
    below = (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ()))
    return next(filter(None, map(_duration_bounds, below)), "")


def _is_duration(schema: Schema) -> bool:
    return schema.get("pattern") == DURATION_PATTERN


def _any_of(choices: list[Schema]) -> Schema:
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _untitled(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "title"}


def _overlay(schema: Schema) -> Schema:
    """The schema with all fields optional, except the name that identifies an SLO."""
    partial = {
        key: value
        for key, value in schema.items()
        if key not in ("required", "minProperties", "maxProperties")
    }
    if {"name", "service"} <= schema["properties"].keys():
        partial["required"] = ["name"]
    return {**partial, "properties": {k: _referring(v) for k, v in schema["properties"].items()}}


def _referring(value: Any) -> Any:
    """The same schema, with references to overlays."""
    if isinstance(value, list):
        return [_referring(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: below + _OVERLAY if key == "$ref" else _referring(below)
        for key, below in value.items()
    }


def _environment(top: Schema) -> Schema:
    overlay = _overlay(top)
    for name in ("version", "environment"):
        del overlay["properties"][name]
    return {**overlay, "description": "Overrides of one environment."}
