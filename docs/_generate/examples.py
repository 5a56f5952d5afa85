"""An example of each field: the first value that specs and pages of this repository have for it.

`examples.yaml` has those that none has. A test proves that each is valid.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from docs._generate.schema import Schema, fields_in, fields_of
from obs.packs.pack import built_in
from obs.spec.packs import pack_names, shown
from obs.spec.schema import json_schema
from obs.spec.system import System

_ROOT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"^( *)```ya?ml\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_WIDEST: Final = 90
Field = tuple[str, str]


@cache
def examples() -> Mapping[Field, Any]:
    """A value for each field, by model and field."""
    whole = json_schema()
    found: dict[Field, Any] = {}
    for field, value in _seen(whole):
        if field not in found or (_long(found[field]) and not _long(value)):
            found[field] = value
    written = _written()
    anywhere = written.pop("*")
    for model, name in fields_of(whole):
        own = written.get(model, {})
        if name in own:
            found[model, name] = own[name]
        elif (model, name) not in found and name in anywhere:
            found[model, name] = anywhere[name]
    return found


def shown_example(field: str, value: Any) -> str:
    """A value as a spec has it, in one line."""
    text = yaml.safe_dump(
        {field: value}, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False
    )
    text = text.strip().removeprefix("{").removesuffix("}")
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _written() -> dict[str, dict[str, Any]]:
    file = Path(__file__).with_name("examples.yaml")
    written: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return written


def _seen(whole: Schema) -> Iterator[tuple[Field, Any]]:
    for document in _documents():
        for model, name, value in fields_in("System", document, whole):
            yield (model, name), value


def _documents() -> Iterator[Any]:
    for file in (
        *sorted((_ROOT / "collectors").glob("*.yaml")),
        *sorted((_ROOT / "src" / "obs" / "sandbox").glob("*.yaml")),
        Path(__file__).with_name("whole.yaml"),
    ):
        yield yaml.safe_load(file.read_text(encoding="utf-8"))
    for name in pack_names():
        yield {"packs": {shown(name): yaml.safe_load(built_in(name).example)}}
    for file in (_ROOT / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))):
        if "reference" not in file.relative_to(_ROOT).parts:
            yield from _blocks(file.read_text(encoding="utf-8"))


def _blocks(text: str) -> Iterator[Any]:
    """What blocks of a page say that can be read alone."""
    for indent, found in _BLOCK.findall(text):
        try:
            plain = "\n".join(line.removeprefix(indent) for line in found.splitlines())
            yield from filter(_is_of_spec, yaml.safe_load_all(plain))
        except yaml.YAMLError:
            continue


def _is_of_spec(document: Any) -> bool:
    """Whether it is a spec or some of its sections, and not a part of one."""
    return isinstance(document, dict) and document.keys() <= {*System.model_fields, "environments"}


def _long(value: Any) -> bool:
    return len(str(value)) > _WIDEST - 20
