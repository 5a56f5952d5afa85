"""`obs dashboards preview` before it serves anything."""

import importlib.util
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.extras import how_to_install

URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBS_PROMETHEUS", raising=False)


def preview(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["dashboards", "preview", *arguments])
    return code, capsys.readouterr().err.rstrip("\n")


def board(folder: Path, text: str = '{"panels": []}') -> str:
    file = folder / "board.json"
    file.write_text(text)
    return str(file)


def test_without_its_extra_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "obs.extras.find_spec",
        lambda name: None if name == "plotly" else found(name),
    )
    line = f"obs dashboards preview needs the preview extra: {how_to_install('preview')}"
    assert preview(capsys, "--prometheus", URL) == (2, line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no Prometheus: give --prometheus URL, or set OBS_PROMETHEUS"),
        (("--prometheus", "localhost:9090"), "write a URL, for example http://"),
        (("--prometheus", URL, "--port", "70000"), "a port is a number from 0 to 65535"),
        (("--prometheus", URL, "--scrape", "often"), "--scrape: "),
        (("--prometheus", URL, "--spec", "x.yaml"), "give files or --spec, not both"),
    ],
)
def test_wrong_arguments_are_reported_in_one_line(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = preview(capsys, board(tmp_path), *arguments)
    assert code == 2
    assert words in line
    assert "\n" not in line


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_files_that_are_no_dashboards_are_named(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = preview(capsys, board(tmp_path, text), "--prometheus", URL)
    assert (code, line.startswith(board(tmp_path, text)), "\n" in line) == (2, True, False)


def test_an_unreachable_prometheus_is_reported_before_anything_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = preview(capsys, board(tmp_path), "--prometheus", "http://a:s3cret@127.0.0.1:1")
    assert code == 3
    assert "cannot connect" in line
    assert "s3cret" not in line
