"""obs dashboards."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from tests.unit.cli.shop import SPEC


def test_building_twice_changes_nothing(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["dashboards", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    assert main(build) == 0
    assert "json/overview.json" in capsys.readouterr().out
    assert main(build) == 0
    assert "0 changed" in capsys.readouterr().out
    assert main([*build, "--check"]) == 0


def test_check_shows_what_would_change_and_writes_nothing(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["dashboards", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    assert main([*build, "--target", "json", "--check"]) == 1
    assert '+  "schemaVersion": 42,' in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_a_dashboard_that_the_spec_has_no_more_is_removed(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["dashboards", "build", "--spec", spec, "--out", str(tmp_path / "out")]
    assert main(build) == 0
    assert (tmp_path / "out" / "json" / "consumer.json").exists()
    Path(spec).write_text("version: 1\nsystem: shop\nsources: {aws: {a: {region: us-east-1}}}\n")
    assert main(build) == 0
    assert not (tmp_path / "out" / "json" / "consumer.json").exists()


def test_an_unknown_target_is_reported(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", "build", "--spec", spec, "--target", "jsn"]) == 2
    assert "did you mean json?" in capsys.readouterr().err


def test_options_of_the_spec_that_do_not_fit_are_reported_with_their_line(
    spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(spec).write_text(f"{SPEC}targets:\n  dashboards: {{path: dashboards, folder_uid: a.b}}\n")
    assert main(["dashboards", "build", "--spec", spec, "--out", str(tmp_path / "out")]) == 2
    errors = capsys.readouterr().err
    assert "obs.yaml:6: targets.dashboards.path: 'dashboards' does not fit" in errors
    assert "obs.yaml:6: targets.dashboards.folder_uid: 'a.b' does not fit" in errors
    assert not (tmp_path / "out").exists()


def test_the_list_has_each_dashboard_with_its_question(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dashboards", "list", "--spec", spec, "--format", "json"]) == 0
    listed = {fact["page"]: fact for fact in json.loads(capsys.readouterr().out)}
    assert listed["consumer"]["uid"] == "obs-shop-consumer"
    assert listed["consumer"]["question"].endswith("?")
    assert listed["consumer"]["panels"] > 10
    assert "eventbridge" not in listed
    assert main(["dashboards", "list", "--spec", spec]) == 0
    assert "obs-shop-consumer" in capsys.readouterr().out
