"""What lint says of dashboards in the shapes that those in the wild have."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from obs.dashboard_lint.finding import LintFinding
from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.read import read
from obs.dashboard_lint.subject import Knowledge
from tests.dashboard_shapes.shapes import Shape, shapes


def found_in(shape: Shape, folder: Path) -> tuple[LintFinding, ...]:
    file = folder / "shop.json"
    file.write_text(json.dumps(shape.json))
    whole = read([folder])
    return lint(whole.dashboards, Knowledge(), {}, whole.unreadable).findings


def test_every_mistake_in_a_shape_is_found_and_nothing_that_is_right(tmp_path: Path) -> None:
    true: Counter[str] = Counter()
    false: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: list[str] = []
    for shape in shapes():
        if shape.name.startswith("odd"):
            continue
        findings = found_in(shape, tmp_path)
        told = Counter(each.rule for each in findings)
        expected = Counter(shape.wrong)
        true += told & expected
        false += told - expected
        missed += expected - told
        if told != expected:
            said = [str(each) for each in findings]
            wrong.append(f"{shape.name}: {dict(told)} instead of {shape.wrong}: {said}")
    lines = [f"{'rule':38} true false missed"]
    for rule in sorted({*true, *false, *missed}):
        lines.append(f"{rule:38} {true[rule]:4} {false[rule]:5} {missed[rule]:6}")
    sys.stdout.write("\n".join([*lines, ""]))  # for pytest -s
    assert wrong == []


def test_values_of_the_wrong_type_stop_no_lint(tmp_path: Path) -> None:
    number = 0
    for shape in shapes():
        if shape.name.startswith("odd"):
            found_in(shape, tmp_path)
            number += 1
    assert number > 500


def test_the_names_of_shapes_are_unique() -> None:
    names = [shape.name for shape in shapes()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("broken", ["{", "[1, 2]", '{"panels": 3'])
def test_a_broken_file_beside_a_dashboard_changes_none_of_its_findings(
    broken: str, tmp_path: Path
) -> None:
    shape = next(shapes())
    alone = found_in(shape, tmp_path)
    (tmp_path / "broken.json").write_text(broken)
    both = found_in(shape, tmp_path)
    assert [each for each in both if "broken" not in each.file] == list(alone)
