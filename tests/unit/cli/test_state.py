"""obs state."""

import contextlib
import json
import sqlite3
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


@pytest.mark.parametrize("action", [["show"], ["export", "-"], ["import", "FILE"], ["compact"]])
def test_a_state_of_a_later_version_stays_where_it_is(
    action: list[str], folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A collector sets it aside and goes on; a command tells, and has done nothing."""
    export = tmp_path / "state.jsonl"
    assert main(["state", "export", str(export), "--dir", str(folder)]) == 0
    with contextlib.closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = (folder / FILE_NAME).read_bytes()
    written = [str(export) if word == "FILE" else word for word in action]
    assert main(["state", *written, "--dir", str(folder)]) == 2
    told = capfd.readouterr().err
    assert "is of a later version of obs (schema 99; this one knows 1)" in told
    assert "renamed" not in told
    assert [each.name for each in folder.iterdir()] == [FILE_NAME]
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
    assert "in use by a running collector" in capsys.readouterr().err
    assert main(["state", "show", "--dir", str(folder)]) == 0
    state.close()


def test_a_folder_without_a_state_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in ("show", "compact"):
        assert main(["state", action, "--dir", str(tmp_path)]) == 2
        assert "has no state file" in capsys.readouterr().err
    assert not (tmp_path / FILE_NAME).exists()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder with the states of two shards."""
    for number, slos in ((2, 1), (10, 2)):
        state = open_state(tmp_path / "state" / f"shard-{number}", lambda _: None)
        for slo in range(slos):
            state.put_buckets(f"a/{number}-{slo}", [(60, 1_700_000_040, 1.0, 2.0)])
        state.close()
    (tmp_path / "state" / "shard-x").mkdir()
    return tmp_path / "state"


def test_it_shows_the_state_of_every_shard(
    shards: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["state", "show", "--dir", str(shards)]) == 0
    out = capsys.readouterr().out
    assert out.index("shard-2/obs.sqlite3: ") < out.index("shard-10/obs.sqlite3: ")
    assert main(["state", "show", "--dir", str(shards), "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [(x["shard"], sorted(x["ledgers"])) for x in facts.pop("shards")] == [
        (2, ["a/2-0"]),
        (10, ["a/10-0", "a/10-1"]),
    ]
    assert facts == {}, "there is no state of a collector without shards"


def test_the_state_of_a_shard_is_exported_imported_and_compacted(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shard.jsonl"
    its = ["--dir", str(shards), "--shard"]
    assert main(["state", "export", str(file), *its, "10/12"]) == 0
    assert file.read_text().count('"type":"ledger"') == 2
    assert main(["state", "import", str(file), *its, "3/12"]) == 0
    assert capsys.readouterr().out == "0 entries, 2 ledgers\n"
    assert (shards / "shard-3" / FILE_NAME).is_file()
    assert main(["state", "compact", *its, "3/12"]) == 0
    assert "shard-3" in capsys.readouterr().out
    assert main(["state", "compact", *its, "4/12"]) == 2
    assert "shard-4: has no state file" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["compact"], ["export", "-"], ["import", "FILE"]])
def test_where_only_shards_have_a_state_the_shard_has_to_be_named(
    action: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_state(tmp_path / "state" / "shard-2", lambda _: None).close()
    (tmp_path / "FILE").write_text("")
    words = [str(tmp_path / "FILE") if word == "FILE" else word for word in action]
    assert main(["state", *words, "--dir", str(tmp_path / "state")]) == 2
    assert "has the state of shards only (2); give --shard N/OF" in capsys.readouterr().err
    assert not (tmp_path / "state" / FILE_NAME).exists()
