"""Every field of the spec: what it means, its type, default and example."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final

from docs._generate.examples import examples, shown_example
from docs._generate.markdown import anchor, code, joined, words
from docs._generate.schema import Schema, choices, models_of, references
from docs._generate.since import since
from obs.spec.packs import pack_names, settings_of, shown
from obs.spec.quantity import DURATION_PATTERN
from obs.spec.schema import json_schema

_APART: Final = ("sources", "packs", "slos", "alerts", "notify", "outputs", "stacks", "targets")
"""Sections with a page of their own, or several; the others are on the page of the file."""


def pages() -> dict[str, str]:
    """The pages of the spec, by path."""
    homes = _homes()
    found = {"spec/index": _file(homes)}
    for page in dict.fromkeys(homes.values()):
        if page != "spec/index" and not page.startswith("packs/"):
            found[page] = _page(page, [model for model, at in homes.items() if at == page])
    return found


def settings(pack: str) -> str:
    """The settings of a pack, and what they refer to and no other page has."""
    model = settings_of(pack).__name__
    if model == "PackSettings":
        return "Only [those that every pack has](#PackSettings)."
    name = f"packs/{shown(pack)}"
    models = [each for each, home in _homes().items() if home == name and each != model]
    return joined(anchor(model), _fields(model), *(_model(each, level=3) for each in models))


@cache
def _whole() -> Schema:
    return json_schema()


def _file(homes: Mapping[str, str]) -> str:
    own = [model for model, page in homes.items() if page == "spec/index" and model != "System"]
    return joined(
        "# The spec",
        "A spec is one YAML file, several, or a folder of them (`--spec`, repeatable): parts are "
        "merged, and a clash names both lines. Values may contain `${VARIABLE}` or "
        "`${VARIABLE:-default}`; durations have a unit (`30s`, `5m`, `1h30m`). "
        "`obs schema > obs.schema.json` writes the same as a JSON Schema for editors.",
        "```{toctree}\n:hidden:\n:glob:\n\n*\n```",
        _model("System", title="The fields of a spec"),
        *(_model(model) for model in own),
    )


def _page(page: str, models: Collection[str]) -> str:
    name = page.partition("/")[2]
    title = name.replace("-", ".")
    return joined(f"# Spec: `{title}`", *(_model(model) for model in models))


def _model(model: str, *, title: str = "", level: int = 2) -> str:
    about = str(models_of(_whole())[model].get("description", ""))
    return joined(
        anchor(model), f"{'#' * level} {title or _titled(model)}", words(about), _fields(model)
    )


def _titled(model: str) -> str:
    """Where in a spec the model stands, by the field that has it."""
    whole = _whole()
    for holder, schema in models_of(whole).items():
        for name, field in schema.get("properties", {}).items():
            if model in references(field):
                many = "[]" if any("items" in each for each in choices(field)) else ""
                named = any("patternProperties" in each for each in choices(field))
                path = "" if holder == "System" else f"{_short(holder)}."
                return f"`{path}{name}{many}{'.NAME' if named else ''}`"
    return f"`{model}`"


def _short(model: str) -> str:
    return _titled(model).strip("`").split(".")[-1] if model != "System" else ""


def _fields(model: str) -> str:
    schema = models_of(_whole())[model]
    required = schema.get("required", ())
    entries = (
        _field(model, name, field, required=name in required)
        for name, field in schema.get("properties", {}).items()
    )
    return "\n\n".join(entries)


def _field(model: str, name: str, field: Schema, *, required: bool) -> str:
    facts = [f"Type: {_type(field)}"]
    if "default" in field and field["default"] not in ("", [], {}, None):
        facts.append(f"default {code(_shown(field['default']))}")
    elif required:
        facts.append("**required**")
    facts.append(f"since {since(f'{model}-{name}')}")
    lines = [f"[{code(name)}]{{#{model}-{name}}}", f": {words(field.get('description', ''))}"]
    lines += [f"\n  {' · '.join(facts)}"]
    if (model, name) in examples():
        lines.append(f"\n  Example: {code(shown_example(name, examples()[model, name]))}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return shown_example("x", value).removeprefix("x: ")


def _type(field: Schema) -> str:
    return " or ".join(dict.fromkeys(_types(field)))


def _types(field: Schema) -> Iterator[str]:
    for choice in choices(field):
        if "$ref" in choice:
            model = choice["$ref"].rpartition("/")[2]
            yield f"[mapping](#{_home(model)})"
        elif "enum" in choice or "const" in choice:
            values = choice.get("enum", [choice.get("const")])
            yield "one of " + ", ".join(code(str(value)) for value in values)
        elif choice.get("pattern") == DURATION_PATTERN:
            yield "duration"
        elif isinstance(choice.get("items"), dict):
            yield f"list of {_plural(_type(choice['items']))}"
        elif "object" in _kinds(choice):
            below = [*choice.get("patternProperties", {}).values()]
            more = choice.get("additionalProperties")
            below += [more] if isinstance(more, dict) else []
            yield f"mapping of names to {_plural(_type(below[0]))}" if below else "mapping"
        else:
            yield _scalar(choice)


def _kinds(choice: Schema) -> list[str]:
    kind = choice.get("type", "any value")
    return kind if isinstance(kind, list) else [str(kind)]


def _home(model: str) -> str:
    """The target of a model; environments overlay the whole file."""
    return model.removesuffix("Overlay")


def _plural(kind: str) -> str:
    """One kind in the plural; several stay as they are."""
    if kind.startswith("[mapping]"):
        return kind.replace("[mapping]", "[mappings]")
    return f"{kind}s" if kind in ("text", "duration", "number", "integer") else kind


def _scalar(choice: Schema) -> str:
    kind = {"string": "text", "boolean": "`true` or `false`"}.get(
        _kinds(choice)[0], _kinds(choice)[0]
    )
    least, most = (choice.get(key) for key in ("minimum", "maximum"))
    above, under = (choice.get(key) for key in ("exclusiveMinimum", "exclusiveMaximum"))
    bounds = [
        f"at least {least:g}" if least is not None else "",
        f"above {above:g}" if above is not None else "",
        f"at most {most:.10g}" if most is not None else "",
        f"below {under:g}" if under is not None else "",
    ]
    said = ", ".join(filter(None, bounds))
    return f"{kind} ({said})" if said else kind


@cache
def _homes() -> dict[str, str]:
    """The page of each model: that of the section that has it first."""
    whole = _whole()
    homes = {"System": "spec/index"}
    for name, field in whole["properties"].items():
        if name not in _APART and name != "environments":
            _settle(field, "spec/index", homes)
    for name in _APART:
        for below in references(whole["properties"][name]):
            if name == "sources":
                homes[below] = "spec/index"
                for kind, of_kind in whole["$defs"][below]["properties"].items():
                    _settle(of_kind, f"spec/sources-{kind}", homes)
            elif name == "packs":
                homes |= {below: "spec/packs", "PackSettings": "spec/packs"}
                for pack, of_pack in whole["$defs"][below]["properties"].items():
                    own = pack.replace("-", "_") in pack_names()
                    _settle(of_pack, f"packs/{pack}" if own else "spec/packs", homes)
            else:
                _settle(whole["properties"][name], f"spec/{name}", homes)
    return homes


def _settle(field: Schema, page: str, homes: dict[str, str]) -> None:
    """Give the models below a field this page, but for those that have one."""
    for model in references(field):
        if model not in homes:
            homes[model] = page
            for below in models_of(_whole())[model].get("properties", {}).values():
                _settle(below, page, homes)
