"""obs dashboards lint."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.dashboard_lint.rules import ALL
from tests.unit.dashboard_lint.boards import Json, board, broken, of_query

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"


def written(folder: Path, **boards: Json) -> str:
    for name, each in boards.items():
        (folder / f"{name}.json").write_text(json.dumps(each), encoding="utf-8")
    return str(folder)


def lint(*arguments: str) -> int:
    return main(["dashboards", "lint", *arguments])


def test_errors_are_printed_and_counted_and_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = broken(lambda it: it.update(editable=True, schemaVersion=40))
    assert lint(written(tmp_path, a=changed)) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path}/a.json: dashboard-schema-rule (warning): schemaVersion 40 is migrated each "
        "time the dashboard is opened; the current one is 42",
        f"{tmp_path}/a.json: uneditable-dashboard: is editable in Grafana, but the file "
        "overwrites changes; set editable to false",
        "1 dashboard: 1 error, 1 warning, 0 waived",
    ]


def test_warnings_fail_only_where_requested(tmp_path: Path) -> None:
    folder = written(tmp_path, a=broken(lambda it: it.update(schemaVersion=40)))
    assert lint(folder) == 0
    assert lint(folder, "--strict") == 1
    assert lint(written(tmp_path, a=board()), "--strict") == 0


def test_json_has_every_finding_and_every_waiver_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(it: Json) -> None:
        it.update(editable=True, title="Sh\ud800p")
        it["panels"][0]["id"] = 1

    (tmp_path / ".obs-lint.yaml").write_text(
        "waivers: [{rule: uneditable-dashboard, reason: A draft.}]\n"
    )
    assert lint(written(tmp_path, a=broken(change)), "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["dashboards"], report["errors"], report["warnings"]) == (1, 2, 0)
    assert report["findings"][0] == {
        "file": f"{tmp_path}/a.json",
        "dashboard": "Sh\ud800p",
        "panel": "All",
        "panel_id": 1,
        "target": "",
        "rule": "panel-id-rule",
        "severity": "error",
        "message": "2 panels have the id 1; set unique numbers",
    }
    assert [each["reason"] for each in report["waived"]] == ["A draft."]


def test_files_that_are_no_dashboards_are_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.json").write_text("{\n  'panels': []}")
    (tmp_path / "b.json").write_text("{}")
    assert lint(str(tmp_path / "a.json"), str(tmp_path / "b.json")) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/a.json:2: is not valid JSON: "
        "Expecting property name enclosed in double quotes",
        f"{tmp_path}/b.json: holds no dashboard; one has panels, or is wrapped for Grafana or "
        "Kubernetes",
    ]


def test_files_without_a_dashboard_in_a_folder_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "provider.yaml").write_text("apiVersion: 1\n")
    assert lint(written(tmp_path, a=board())) == 0
    assert capsys.readouterr().out == (
        "1 dashboard: 0 errors, 0 warnings, 0 waived; 1 file without a dashboard\n"
    )


def test_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint("--list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        rule.name for rule in ALL
    ]
    assert lint("--list", "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == len(ALL)


def test_without_files_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint() == 2
    assert "no dashboards: name files or folders" in capsys.readouterr().err


def test_other_metrics_are_named_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names"
    names.write_text("up\n")
    folder = written(tmp_path, a=of_query('upp{job=~"$job",instance=~"$instance"}'))
    assert lint(folder) == 0
    assert lint(folder, "--metrics", str(names)) == 1
    assert "unknown metric upp; did you mean up?" in capsys.readouterr().out


def test_what_obs_builds_has_nothing_to_find(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = ["--spec", str(OMS)]
    every = [
        argument
        for target in ("json", "configmap", "operator", "resource")
        for argument in ("--target", target)
    ]
    assert main(["dashboards", "build", *spec, "--out", str(tmp_path), *every]) == 0
    capsys.readouterr()
    assert lint(str(tmp_path), *spec, "--strict") == 0
    assert capsys.readouterr().out.startswith("10 dashboards: 0 errors, 0 warnings")
