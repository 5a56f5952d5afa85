"""Findings that are meant to be so."""

from pathlib import Path

import pytest

from obs.dashboard_lint.lint import Report, lint, waivers_for
from obs.dashboard_lint.model import dashboard
from obs.dashboard_lint.subject import Knowledge
from obs.dashboard_lint.waivers import our_own, read_waivers
from obs.spec.report import InvalidSpec
from tests.unit.dashboard_lint.boards import Json, board, broken, of_query, target

NO_JOB = of_query('up{instance=~"$instance"}')


def linted(folder: Path, json: Json, chosen: Path | None = None) -> Report:
    read = [dashboard(str(folder / "a.json"), json)]
    return lint(read, Knowledge(), waivers_for(read, [folder], chosen))


def told(report: Report) -> list[tuple[str, str]]:
    return [(each.rule, each.severity.value) for each in report.findings]


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSpec) as found:
        read_waivers(file)
    return [each.removeprefix(str(file)) for each in str(found.value).splitlines()]


@pytest.mark.parametrize(
    "whom",
    [
        "",
        ", dashboard: Shop",
        ", dashboard: shop",
        ", dashboard: 'Sh*'",
        ", panel: Requests",
        ", panel: 1",
        ", panel: 'Req*', target: A",
        ", target: 0",
    ],
)
def test_a_waiver_lets_what_it_covers_pass_and_says_why(whom: str, tmp_path: Path) -> None:
    file = tmp_path / ".obs-lint.yaml"
    file.write_text(f"waivers:\n  - {{rule: target-job-rule, reason: One job only.{whom}}}\n")
    report = linted(tmp_path, NO_JOB)
    assert told(report) == []
    assert [(each.finding.rule, each.reason) for each in report.waived] == [
        ("target-job-rule", "One job only.")
    ]


@pytest.mark.parametrize("whom", [", panel: Errors", ", panel: 2", ", target: B", ", target: 1"])
def test_a_waiver_of_something_else_does_not_and_is_told_itself(whom: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"waivers:\n\n  - {{rule: target-job-rule, reason: No.{whom}}}\n")
    report = linted(tmp_path, NO_JOB, file)
    assert told(report) == [("target-job-rule", "error"), ("waiver-rule", "warning")]
    assert str(report.findings[1]) == (
        f"{file}:3: waiver-rule (warning): the waiver of target-job-rule matches no finding; "
        "remove it"
    )


def test_a_waiver_of_a_dashboard_that_is_not_given_rests(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("waivers: [{rule: panel-id-rule, reason: Old., dashboard: Other}]\n")
    assert told(linted(tmp_path, board(), file)) == []


def test_waivers_are_validated_with_lines_and_what_would_be_right(tmp_path: Path) -> None:
    text = (
        "waivers:\n"
        "  - rule: target-jobs-rule\n"
        "    reason: x\n"
        "  - rule: panel-id-rule\n"
        "    pannel: x\n"
        "  - {reason: x, panel: [1]}\n"
        "other: 1\n"
    )
    assert problems(tmp_path / "w.yaml", text) == [
        ":1: other: unknown field; write a list under waivers:",
        ":2: waivers[0].rule: no rule target-jobs-rule; did you mean target-job-rule?",
        ":4: waivers[1].pannel: unknown field; did you mean panel?",
        ":4: waivers[1].reason: is missing; state why the finding is acceptable",
        ":6: waivers[2].panel: is not text",
        ":6: waivers[2].rule: is missing",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("waivers: x", ":1: waivers: write a list of rule and reason, for example "),
        ("waivers: [x]", ":1: waivers: write a list of rule and reason, for example "),
        ("- x", ":1: is not a mapping; write a list under waivers:"),
        ("a: [", ":1: is not valid YAML: the file ends inside [ or {; close it"),
        ("a: b: c", ":1: is not valid YAML: a second colon in one value; quote a text"),
    ],
)
def test_a_file_that_is_no_list_of_waivers_is_told(text: str, problem: str, tmp_path: Path) -> None:
    assert problems(tmp_path / "w.yaml", text)[0].startswith(problem)


def test_the_file_of_dashboard_linter_beside_the_dashboard_is_heard(tmp_path: Path) -> None:
    (tmp_path / ".lint").write_text(
        "exclusions:\n"
        "  target-job-rule:\n"
        "    reason: Totals.\n"
        "    entries:\n"
        "      - panel: Requests\n"
        "        targetIdx: 1\n"
        "  alert-name-camelcase:\n"
        "warnings:\n"
        "  uneditable-dashboard:\n"
        "  target-jbo-rule:\n"
    )
    selector = 'up{instance=~"$instance"}'

    def change(it: Json) -> None:
        it["editable"] = True
        it["panels"][1]["targets"] = [
            target(selector, refId=letter, legendFormat="") for letter in "AB"
        ]

    report = linted(tmp_path, broken(change))
    assert told(report) == [
        ("waiver-rule", "warning"),
        ("uneditable-dashboard", "warning"),
        ("target-job-rule", "error"),
    ]
    assert [(each.finding.target, each.reason) for each in report.waived] == [("B", "Totals.")]


def test_a_title_with_stars_in_it_is_meant_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".lint").write_text(
        "exclusions:\n  target-job-rule:\n    entries: [{panel: 'Req*'}]\n"
    )
    assert ("target-job-rule", "error") in told(linted(tmp_path, NO_JOB))


def test_a_chosen_file_stands_for_those_found(tmp_path: Path) -> None:
    (tmp_path / ".obs-lint.yaml").write_text(
        "waivers: [{rule: target-job-rule, reason: One job only.}]\n"
    )
    empty = tmp_path / "none.yaml"
    empty.write_text("waivers: []\n")
    assert told(linted(tmp_path, NO_JOB, empty)) == [("target-job-rule", "error")]


def test_what_our_own_dashboards_do_on_purpose_is_known_and_never_called_unused() -> None:
    assert our_own()
    assert [each for each in our_own() if not each.reason or each.line] == []
    ours = {**board(), "tags": ["obs"]}
    assert not [
        each
        for each in lint([dashboard("a", ours)], Knowledge()).findings
        if each.rule == "waiver-rule"
    ]
