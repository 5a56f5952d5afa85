"""The state of a collector, read while it may be running."""

import subprocess
import sys
from pathlib import Path

import pytest

from obs import state_copy
from obs.errors import BadInput
from obs.state import FILE_NAME
from obs.state_copy import copied_state

_HOLDER = """
import sys
from pathlib import Path
from obs.state import open_state
state = open_state(Path(sys.argv[1]), print)
state.put("kind", "key", b"saved")
assert state.flush()
print("held", flush=True)
sys.stdin.readline()
state.put("kind", "key", b"later")
print("written" if state.flush() else "failed", flush=True)
sys.stdin.readline()
"""


def test_a_state_file_that_a_collector_holds_is_read_and_stays_its(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdin=pipe, stdout=pipe, text=True
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with copied_state(tmp_path) as state:
            assert state.entries("kind") == {"key": b"saved"}
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "written\n"
        with copied_state(tmp_path) as state:
            assert state.entries("kind") == {"key": b"later"}
        holder.stdin.write("end\n")
    assert sorted(file.name for file in tmp_path.iterdir())[0] == FILE_NAME


def test_a_folder_without_a_state_file_is_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no state file obs\.sqlite3"), copied_state(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_state_file_is_said_to_be_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"no database" * 100)
    with (
        pytest.raises(BadInput, match="is damaged, or no state file"),
        copied_state(tmp_path),
    ):
        pass
    assert file.read_bytes() == b"no database" * 100


def test_a_copy_during_which_the_file_changed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"")
    stamps = iter(range(100))
    monkeypatch.setattr(state_copy, "_stamp", lambda _: next(stamps))
    monkeypatch.setattr(state_copy, "_PAUSE", 0)
    with pytest.raises(BadInput, match="is being written all the time"), copied_state(tmp_path):
        pass
    assert next(stamps) == 20
