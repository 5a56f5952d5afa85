"""obs build."""

import json
import os
from pathlib import Path

import pytest

from obs.alerts.targets import DEFAULT as ALERTS
from obs.alerts.targets import TARGETS
from obs.artifacts import MANIFEST, Files, manifest
from obs.cli.main import main
from obs.dashboards.formats import DEFAULT as DASHBOARDS
from obs.errors import BadInput
from obs.folder import Folder
from tests.unit.cli.shop import SPEC

ROOT = Path(__file__).parents[3]


def build(spec: str, out: Path, *arguments: str) -> int:
    return main(["build", "--spec", spec, "--out", str(out), *arguments])


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_alerts_and_dashboards_are_built_as_by_their_own_commands(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(spec).write_text(f"{SPEC}links: {{runbooks: https://runbooks}}\n", encoding="utf-8")
    assert build(spec, tmp_path / "both") == 0
    for name in ("alerts", "dashboards"):
        out = tmp_path / "each" / name
        assert main([name, "build", "--spec", spec, "--out", str(out)]) == 0
    assert files(tmp_path / "both") == files(tmp_path / "each")
    capsys.readouterr()
    assert build(spec, tmp_path / "both") == 0
    alerts, dashboards = capsys.readouterr().out.splitlines()
    assert alerts.startswith(f"{tmp_path / 'both' / 'alerts'}: ")
    assert dashboards.startswith(f"{tmp_path / 'both' / 'dashboards'}: ")
    assert alerts.endswith(" files, 0 changed")
    assert dashboards.endswith(" files, 0 changed")


def test_drift_of_either_folder_is_one_report(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(spec, tmp_path) == 0
    assert build(spec, tmp_path, "--check") == 0
    rules, board = tmp_path / "alerts/prometheus/nats.yaml", tmp_path / "dashboards/json/slos.json"
    rules.write_text("groups: []\n", encoding="utf-8")
    board.unlink(missing_ok=True)
    (tmp_path / "dashboards/json/overview.json").unlink()
    before = files(tmp_path)
    capsys.readouterr()
    assert build(spec, tmp_path, "--check") == 1
    diff = capsys.readouterr().out.splitlines()
    assert f"--- {rules}" in diff
    assert "-groups: []" in diff
    assert f"+++ {tmp_path / 'dashboards/json/overview.json'}" in diff
    assert files(tmp_path) == before


def test_a_target_that_cannot_be_built_stops_no_other_and_is_told_in_a_line(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Files:
        raise BadInput("cloudwatch: alarm A: too long\ncloudwatch: alarm B: too long")

    monkeypatch.setitem(TARGETS, "cloudwatch", refuse)
    assert build(spec, tmp_path) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith("target cloudwatch is not built: cloudwatch: alarm A: too long")
    assert told.endswith("(and 1 more like it)")
    written = manifest(Folder(tmp_path / "alerts"))
    assert {target for target, paths in written.items() if paths} >= {"prometheus", "grafana"}
    assert "cloudwatch" not in written
    assert (tmp_path / "dashboards/json/overview.json").exists()
    assert build(spec, tmp_path, "--check") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert build(spec, tmp_path, "--format", "json") == 2
    alerts, dashboards = json.loads(capsys.readouterr().out)
    assert list(alerts["failed"]) == ["cloudwatch"]
    assert "failed" not in dashboards


def test_dashboards_that_cannot_be_built_leave_the_alerts(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obs.dashboards.formats.problems", lambda boards: ["a uid twice"])
    assert build(spec, tmp_path) == 2
    assert (tmp_path / "alerts/prometheus/nats.yaml").exists()
    assert not (tmp_path / "dashboards/json").exists()


def test_the_outcome_is_json_for_programs(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(spec).write_text(f"{SPEC}  aws: {{cloud: {{region: us-east-1, queues: [dlq]}}}}\n")
    assert build(spec, tmp_path, "--format", "json") == 0
    alerts, dashboards = json.loads(capsys.readouterr().out)
    assert alerts["folder"] == str(tmp_path / "alerts")
    assert alerts["files"] == len(alerts["changed"]) == len(files(tmp_path / "alerts")) - 1
    not_built = alerts["not_built"]
    assert [sentence for sentence in not_built if "CloudWatch" in sentence], not_built
    assert "json/overview.json" in dashboards["changed"]
    assert build(spec, tmp_path, "--check", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"drift": False, "diff": [], "variables": []}
    (tmp_path / "alerts/prometheus/nats.yaml").unlink()
    assert build(spec, tmp_path, "--check", "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["drift"]
    assert f"+++ {tmp_path / 'alerts/prometheus/nats.yaml'}" in found["diff"]


def test_what_is_committed_is_what_the_reference_spec_builds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`obs build --spec collectors/oms.yaml` mends it."""
    monkeypatch.setattr(os, "environ", {})
    code = build(str(ROOT / "collectors/oms.yaml"), ROOT, "--check")
    assert (code, capsys.readouterr().out) == (
        0,
        f"{ROOT / 'alerts'}: matches the spec\n{ROOT / 'dashboards'}: matches the spec\n",
    )


@pytest.mark.parametrize(("name", "targets"), [("alerts", ALERTS), ("dashboards", DASHBOARDS)])
def test_nothing_else_is_committed_beside_it(name: str, targets: tuple[str, ...]) -> None:
    """Other formats are built by --target, into another folder."""
    written = manifest(Folder(ROOT / name))
    assert sorted(written) == sorted(targets)
    generated = {path for paths in written.values() for path in paths}
    committed = {path for path in files(ROOT / name) if not path.endswith((".py", ".pyc"))}
    assert committed == {*generated, MANIFEST}
