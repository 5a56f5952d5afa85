"""The generated pages have all that is declared, and name nothing that is not."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from docs._generate.alert_rules import whole
from docs._generate.declared import commands, declared
from docs._generate.examples import examples, shown_example
from docs._generate.pages import pages
from docs._generate.schema import fields_of, models_of
from docs._generate.write import write
from obs.cli.main import parser
from obs.dashboards.build import PAGES
from obs.dashboards.build_context import build_context_of
from obs.dashboards.pack_pages import pack_pages
from obs.packs.pack import built_in
from obs.spec.packs import pack_names
from obs.spec.schema import json_schema
from obs.web.server import PATHS

ROOT = Path(__file__).parents[3]
TARGET = re.compile(r"\{#([^}]+)\}|^\(([^)]+)\)=$", re.MULTILINE)
COMMAND = re.compile(r"^ *(?:\$ )?(obs [a-z].*)$", re.MULTILINE)


@cache
def made() -> dict[str, str]:
    return pages()


@cache
def spec_schema() -> dict[str, Any]:
    return json_schema()


def targets() -> list[str]:
    found = (each for text in made().values() for each in TARGET.findall(text))
    return [first or second for first, second in found]


def test_every_field_metric_alert_command_rule_check_and_fault_is_documented() -> None:
    assert sorted(set(declared()) - set(targets())) == []


def test_nothing_is_documented_that_is_not_declared() -> None:
    models = set(models_of(spec_schema()))
    others = {*models, "exit-codes"}
    unknown = {
        each for each in targets() if each not in others and not each.startswith("dashboard-")
    }
    assert sorted(unknown - set(declared())) == []


def test_every_target_is_there_once() -> None:
    found = targets()
    assert sorted({each for each in found if found.count(each) > 1}) == []


def test_every_dashboard_is_documented_those_of_packs_too() -> None:
    context = build_context_of(whole())
    names = {page.name if page else make.__module__ for make in PAGES for page in [make(context)]}
    names |= {page.name for name in pack_names() for page in built_in(name).pages}
    assert {
        each.removeprefix("dashboard-") for each in targets() if each.startswith("dashboard-")
    } == names
    assert list(pack_pages(whole(), context)) == []


def test_every_http_path_is_documented() -> None:
    assert [path for path in PATHS if f"`{path}`" not in made()["http"]] == []


def test_every_field_has_an_example_that_is_valid() -> None:
    wrong = [problem for field in fields_of(spec_schema()) for problem in problems(*field)]
    assert wrong == []


def problems(model: str, name: str) -> Iterator[str]:
    field = models_of(spec_schema())[model]["properties"][name]
    if field.get("description", "").startswith("Not to be written"):
        return
    if (model, name) not in examples():
        yield f"{model}.{name}: no example; write one into docs/_generate/examples.yaml"
        return
    value = examples()[model, name]
    shown = str(value) if hasattr(value, "isoformat") else value  # YAML's own dates
    schema = {**field, "$defs": spec_schema()["$defs"]}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(shown):
        yield f"{model}.{name}: {error.message[:200]}"
    assert name in shown_example(name, value)


def written_commands() -> Iterator[tuple[str, str]]:
    """Each command line in a block of a page, or in a help, with where it is."""
    folder = ROOT / "docs"
    files = [*folder.rglob("*.md"), ROOT / "README.md"]
    for file in files:
        if "reference" in file.relative_to(ROOT).parts:
            continue
        text = file.read_text(encoding="utf-8")
        for block in re.findall(r"^ *```(?:sh|console)\n(.*?)^ *```", text, re.DOTALL | re.M):
            for line in COMMAND.findall(block.replace("\\\n", " ")):
                if "…" not in line:
                    yield file.name, line
    for command in commands():
        for line in COMMAND.findall(command.epilog or ""):
            yield f"{command.prog} --help", line


def test_every_command_that_is_shown_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    known = parser()
    wrong = []
    for where, line in written_commands():
        words = shlex.split(line, comments=True)
        ours = list(takewhile(lambda word: not re.fullmatch(r"\d?[<>].*|[|;&]+", word), words))
        try:
            known.parse_args(ours[1:])
        except SystemExit:
            wrong.append(f"{where}: {line}: {capsys.readouterr().err}")
    assert wrong == []


def test_pages_that_are_none_any_more_are_removed_and_others_left_alone(tmp_path: Path) -> None:
    write({"a/b": "one", "c": "two"}, tmp_path)
    before = (tmp_path / "c.md").stat().st_mtime_ns
    write({"c": "two"}, tmp_path)
    assert [file.name for file in tmp_path.rglob("*.md")] == ["c.md"]
    assert (tmp_path / "c.md").stat().st_mtime_ns == before
