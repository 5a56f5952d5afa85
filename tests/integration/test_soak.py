"""The short form of `make soak`: four hours of polls and their reloads in half a minute."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.measured import QUANTITIES

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def test_reloads_failing_neighbours_and_ever_new_names_leave_nothing_behind(tmp_path: Path) -> None:
    options = ["--hours", "4", "--poll-every", "5", "--look-every", "5", "--reload-every", "20"]
    command = [sys.executable, "-m", "tests.soak", *options, "--most", "40"]
    command += ["--out", str(tmp_path / "soak.svg")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "48 scrapes answered" in ended.stdout, ended.stdout + ended.stderr
    assert "1 most collectors kept" in ended.stdout, ended.stdout
    told = [line for line in ended.stdout.splitlines() if line.endswith("| flat |")]
    assert len(told) == len(QUANTITIES), ended.stdout
    assert ended.returncode == 0
    assert (tmp_path / "soak.svg").exists()
