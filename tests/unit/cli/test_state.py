"""obs state."""

import json
from pathlib import Path

import pytest

from obs.cli.main import main
from obs.state import FILE_NAME, open_state


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    state = open_state(tmp_path / "state", lambda _: None)
    state.put("slo", "a/b", b"x" * 100)
    state.put_buckets("a/b", [(60, 1_700_000_040, 1.0, 2.0)])
    state.close()
    return tmp_path / "state"


def test_it_shows_what_there_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["state", "show", "--dir", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "2023-11-14 22:15 UTC" in out
    assert main(["state", "show", "--dir", str(folder), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["entries"] == {"slo": {"entries": 1, "bytes": 100}}
    assert facts["ledgers"] == {"a/b": {"buckets": 1, "until": 1_700_000_100}}


def test_it_moves_to_another_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = tmp_path / "state.jsonl", tmp_path / "other"
    assert main(["state", "export", str(file), "--dir", str(folder)]) == 0
    assert main(["state", "import", str(file), "--dir", str(other)]) == 0
    assert capsys.readouterr().out == "1 entry, 1 ledger\n"
    assert main(["state", "export", "-", "--dir", str(other)]) == 0
    assert capsys.readouterr().out == file.read_text()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_an_export_that_is_wrong_changes_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, before = tmp_path / "state.jsonl", (folder / FILE_NAME).read_bytes()
    file.write_text('{"type":"obs-state","format":1}\nnonsense\n')
    assert main(["state", "import", str(file), "--dir", str(folder)]) == 2
    assert "state.jsonl:2: no line of an export" in capsys.readouterr().err
    assert (folder / FILE_NAME).read_bytes() == before


def test_it_is_made_smaller(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = open_state(folder, lambda _: None)
    for number in range(2_000):
        state.put("slo", f"{number}", b"x" * 100)
    state.flush()
    for number in range(2_000):
        state.remove("slo", f"{number}")
    state.close()
    before = (folder / FILE_NAME).stat().st_size
    assert main(["state", "compact", "--dir", str(folder)]) == 0
    assert (folder / FILE_NAME).stat().st_size < before / 2
    assert "→" in capsys.readouterr().out


@pytest.mark.parametrize("action", [["compact"], ["import", "FILE"]])
def test_what_a_collector_has_is_left_alone(
    action: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "state.jsonl"
    assert main(["state", "export", str(file), "--dir", str(folder)]) == 0
    state = open_state(folder, lambda _: None)
    words = [str(file) if word == "FILE" else word for word in action]
    assert main(["state", *words, "--dir", str(folder)]) == 2
    assert "in use by another collector" in capsys.readouterr().err
    assert main(["state", "show", "--dir", str(folder)]) == 0
    state.close()


def test_a_folder_without_a_state_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in ("show", "compact"):
        assert main(["state", action, "--dir", str(tmp_path)]) == 2
        assert "has no state file" in capsys.readouterr().err
    assert not (tmp_path / FILE_NAME).exists()
