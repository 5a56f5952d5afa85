"""obs check, without a reachable system."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from obs.checks.catalogue import CHECKS
from obs.cli.main import main

SPEC = (
    "version: 1\nsystem: shop\n"
    "sources:\n  nats: {main: {monitor: [http://127.0.0.1:1], timeout: 1s}}\n"
    'outputs: {web: {listen: "127.0.0.1:1"}}\n'
)


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return str(file)


def test_the_list_has_every_check_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS)
    assert [line for line in lines if not line.endswith("?")] == []


def test_an_unknown_check_is_reported(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--spec", spec, "--only", "alarm"]) == 2
    assert "did you mean alarms?" in capsys.readouterr().err


def test_where_nothing_answers_the_exit_code_is_3_and_every_line_says_why(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ["--only", "jetstream-limits", "--only", "alarms", "--only", "scrape"]
    assert main(["check", "--spec", spec, *only]) == 3
    output = capsys.readouterr().out.splitlines()
    assert "✗ jetstream-limits" in output
    assert "  ✗ main: could not be read: http://127.0.0.1:1/" in "\n".join(output)
    assert "  – shop: the spec has no AWS source" in output
    assert output[-1] == "3 checks: 1 failed, 2 skipped"


def test_where_only_the_spec_is_judged_nothing_needs_to_answer(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--spec", spec, "--only", "privacy-built", "--format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert (result["check"], result["outcome"]) == ("privacy-built", "passed")
    assert set(result["findings"][0]) == {"resource", "outcome", "what", "advice"}


def test_junit_is_xml(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--spec", spec, "--only", "privacy-built", "--format", "junit"]) == 0
    root = Xml.fromstring(capsys.readouterr().out)
    assert [suite.get("name") for suite in root] == ["privacy-built"]
