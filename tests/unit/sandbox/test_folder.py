"""Nothing of a sandbox stays on disk, not even of one that was killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from obs.sandbox.folder import own_folder

KILLED = """
import os, sys
from pathlib import Path
from obs.sandbox.folder import own_folder
with own_folder(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("left behind")
    os.kill(os.getpid(), 9)
"""


def test_a_folder_is_there_while_it_is_used_and_gone_with_its_files_afterwards(
    tmp_path: Path,
) -> None:
    with own_folder(tmp_path) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("text")
        assert list(tmp_path.iterdir()) == [folder]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_goes_when_its_use_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), own_folder(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_next_sandbox_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert (left / "file").exists()
    with own_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_the_folder_of_a_sandbox_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    with own_folder(tmp_path) as first, own_folder(tmp_path) as second:
        assert sorted(tmp_path.iterdir()) == sorted([first, second])


def test_folders_of_other_names_and_links_are_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "obs-demo-link").symlink_to(elsewhere)
    with own_folder(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "obs-demo-link"]
