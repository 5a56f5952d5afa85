"""Lint of files that are made to harm it: a line, and no minutes."""

import json
import os
import time
from pathlib import Path

import pytest

from obs.cli.main import main

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


def said(capsys: pytest.CaptureFixture[str], *names: str) -> list[str]:
    capsys.readouterr()
    assert main(["dashboards", "lint", *names]) == 2
    return capsys.readouterr().err.splitlines()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text('{"panels": [], "title": "x"}')
    return tmp_path


@pytest.mark.parametrize("name", [".obs-lint.yaml", ".lint", "chosen.yaml"])
def test_waivers_that_are_a_bomb_are_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text(BOMB)
    chosen = ["--waivers", name] if name == "chosen.yaml" else []
    assert said(capsys, "good.json", *chosen) == [
        f"{name}:5: holds more than 50 000 values; split it"
    ]


def test_a_pipe_and_a_device_are_refused_wherever_a_file_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    os.mkfifo("pipe")
    for name in ("pipe", "/dev/zero", "/dev/null"):
        why = "a regular file is needed"
        for argv in ([name], ["good.json", "--waivers", name], ["good.json", "--metrics", name]):
            (line,) = said(capsys, *argv)
            assert why in line


def test_a_file_that_is_large_deep_or_holds_too_much_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("large.json").write_bytes(b" " * 16_000_001)
    Path("deep.json").write_text('{"panels":' + "[" * 100_000 + "]" * 100_000 + "}")
    Path("deep.yaml").write_text("[" * 100_000)
    Path("many.json").write_text('{"panels":[' + "[]," * 600_000 + "[]]}")
    Path("number.json").write_text('{"panels":' + "1" * 100_000 + "}")
    Path("number.yaml").write_text("panels: 1" + ":59" * 300_000)
    names = ("large.json", "deep.json", "deep.yaml", "many.json", "number.json", "number.yaml")
    words = ("larger than", "deeper than", "deeper than", "more than", "too long", "too long")
    for name, word in zip(names, words, strict=True):
        (line,) = said(capsys, name)
        assert word in line


def test_a_query_without_end_takes_no_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    target = {"datasource": {"type": "prometheus", "uid": "p"}, "expr": '"\\' * 100_000}
    panel = {"id": 1, "type": "stat", "title": "x", "targets": [target]}
    Path("long.json").write_text(json.dumps({"panels": [panel], "title": "x"}))
    began = time.monotonic()
    assert main(["dashboards", "lint", "long.json"]) == 1
    assert "longer than 20000 characters" in capsys.readouterr().out
    assert time.monotonic() - began < 20
