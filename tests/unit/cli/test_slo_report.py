"""obs slo report: what it refuses."""

from pathlib import Path

import pytest

from obs.cli.main import main


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "obs.yaml"
    file.write_text(
        """
version: 1
system: shop
sources:
  prometheus: {metrics: {url: "http://127.0.0.1:1"}}
slos:
  - name: available
    service: shop
    objective: 99.9
    sli: {prometheus: {source: metrics, bad: bad_total, total: all_total}}
outputs: {web: {listen: "127.0.0.1:1"}}
"""
    )
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([], 3, "127.0.0.1:1"),
        (["avaliable", "--state", "."], 2, "did you mean available?"),
        (["--state", "."], 2, "has no state file"),
        (["--timezone", "Europe/Berln"], 2, "is no time zone"),
        (["--timezone", "../etc"], 2, "is no time zone"),
        (["--last", "61"], 2, "is not a number from 0 to 60"),
        (["--period", "decade"], 2, "choose from week, month, quarter, year"),
        (["--every", "monthly"], 2, "give --out FOLDER"),
        (["--prometheus", "localhost:9090"], 2, "write a URL"),
        (["--prometheus", "-"], 2, "write a URL"),
        (["--prometheus", "http://127.0.0.1:1"], 3, "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_an_exit_code(
    arguments: list[str],
    status: int,
    words: str,
    spec: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.delenv("OBS_PROMETHEUS", raising=False)
    assert main(["slo", "report", "--spec", spec, *arguments]) == status
    assert words in capsys.readouterr().err
