"""What stands in dashboards/ is what the reference spec builds, and others can read it."""

import json
import re
import runpy
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from obs.dashboards.build import PAGES, Board, board, boards
from obs.dashboards.build_context import BuildContext, build_context_of
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.formats import text_of
from obs.dashboards.layout import Band, Section
from obs.dashboards.normalise import every_panel, normalised
from obs.dashboards.page import Page
from obs.dashboards.panels import lines
from obs.spec.load import load
from obs.spec.system import System

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of this model in favour of the next one
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import dashboard as foundation

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "dashboards"
DEFINITIONS = sorted(FOLDER.rglob("*.dashboard.py"))
PLACE = re.compile(r'\s*"[hwxy]": \d+,?')
STAND_INS = (
    (re.compile(r"\$__rate_interval|\$__interval"), "5m"),
    (re.compile(r"\$__range"), "6h"),
    (re.compile(r"\$\{\w+(:\w+)?\}|\$\w+"), "anything"),
)


@pytest.fixture(scope="module")
def system() -> System:
    return load([ROOT / "collectors" / "oms.yaml"], variables={})


@pytest.fixture(scope="module")
def context(system: System) -> BuildContext:
    return build_context_of(system)


@pytest.fixture(scope="module")
def built(system: System) -> tuple[Board, ...]:
    return boards(system)


def pages(context: BuildContext) -> list[Page]:
    return [page for make in PAGES if (page := make(context))]


def expressions(board: Board) -> Iterator[str]:
    for panel in every_panel(board.json["panels"]):
        yield from (target["expr"] for target in panel.get("targets", ()))
    for annotation in board.json["annotations"]["list"]:
        yield from [annotation["expr"]] if "expr" in annotation else []


def lines_of(board: Board) -> list[str]:
    return text_of(board).splitlines()


def substituted(expression: str) -> str:
    for variable, value in STAND_INS:
        expression = variable.sub(value, expression)
    return expression


def test_there_is_nothing_left_to_normalise(built: tuple[Board, ...]) -> None:
    for each in built:
        assert normalised(each.json) == each.json


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where something of a value is missing or another; what is added is none of it."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, below in before.items():
            yield from lost(below, after.get(key), f"{path}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from lost(one, other, path)
    elif before != after:
        yield path


def test_grafanas_own_sdk_reads_every_dashboard_and_loses_nothing(
    built: tuple[Board, ...],
) -> None:
    for each in built:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            read = foundation.Dashboard.from_json(each.json)
        assert list(lost(each.json, json.loads(json.dumps(read, cls=JSONEncoder)))) == []


def test_every_query_is_promql(built: tuple[Board, ...]) -> None:
    found = [expression for each in built for expression in expressions(each)]
    assert len(found) > 100
    for expression in found:
        promql_parser.parse(substituted(expression))


def test_nothing_says_null_but_the_first_threshold_and_open_ranges(
    built: tuple[Board, ...],
) -> None:
    def nulls(value: Any, path: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for key, below in value.items():
                yield from nulls(below, f"{path}/{key}")
        elif isinstance(value, list):
            for below in value:
                yield from nulls(below, path)
        elif value is None:
            yield path

    for each in built:
        for path in nulls(each.json):
            assert path.endswith(("/steps/value", "/options/from", "/options/to")), path


def test_a_panel_put_into_a_page_changes_its_own_lines_and_places_only(
    context: BuildContext,
) -> None:
    new = lines("test/new", "New", "A panel put in.", [Query("vector(1)")], FieldOptions("short"))
    for page in pages(context):
        first, *others = page.sections
        bands = [*first.bands[:1], Band(8, [new]), *first.bands[1:]]
        after = replace(page, sections=[Section(first.title, bands), *others])
        before, whole = (board(each, context) for each in (page, after))
        panels = [each for each in whole.json["panels"] if each["title"] != "New"]
        assert len(panels) == len(whole.json["panels"]) - 1
        rest = replace(whole, json={**whole.json, "panels": panels})
        for old, now in zip(lines_of(before), lines_of(rest), strict=True):
            assert old == now or (PLACE.fullmatch(old) and PLACE.fullmatch(now))


def test_ids_are_the_same_wherever_a_panel_stands(context: BuildContext) -> None:
    for page in pages(context):
        turned = replace(page, sections=list(reversed(page.sections)))
        before, after = (
            {(panel["title"], panel["id"]) for panel in board(each, context).json["panels"]}
            for each in (page, turned)
        )
        assert before == after


def generate(command: str, *arguments: str | Path) -> None:
    """Run one of grafanalib's own commands."""
    path = Path(sys.executable).with_name(command)
    subprocess.run([path, *arguments], check=True, timeout=60)


def test_grafanalibs_own_commands_accept_every_definition(
    built: tuple[Board, ...], tmp_path: Path
) -> None:
    generate("generate-dashboard", "--output", tmp_path / "one.json", FOLDER / "oms.dashboard.py")
    assert json.loads((tmp_path / "one.json").read_text(encoding="utf-8")) == built[0].json
    for name in ("collectors", "dashboards"):
        shutil.copytree(ROOT / name, tmp_path / name)
    definitions = [tmp_path / path.relative_to(ROOT) for path in DEFINITIONS]
    generate("generate-dashboards", *definitions)
    for path in definitions:
        beside = path.with_name(path.name.replace(".dashboard.py", ".json"))
        whole = json.loads(beside.read_text(encoding="utf-8"))
        assert whole["schemaVersion"] == 42
        assert normalised(whole) == whole


def test_the_example_adds_its_panels_and_changes_none_of_ours(built: tuple[Board, ...]) -> None:
    path = FOLDER / "examples" / "oms_api.dashboard.py"
    whole = runpy.run_path(str(path))["dashboard"].to_json_data()
    ours = {panel["title"]: panel for panel in built[0].json["panels"] if panel["type"] != "row"}
    theirs = {panel["title"]: panel for panel in whole["panels"] if panel["type"] != "row"}
    assert {title: theirs[title] for title in ours} == ours
    assert theirs.keys() - ours.keys() == {"Deliveries", "Requests", "Slowest requests"}
    assert theirs["Slowest requests"]["targets"][0]["datasource"]["uid"] == "${datasource}"
