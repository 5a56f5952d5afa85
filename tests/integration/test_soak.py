"""The short form of `make soak`: half an hour of polls and some reloads in seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def test_reloads_and_failing_neighbours_leave_nothing_open(tmp_path: Path) -> None:
    options = ["--hours", "0.5", "--look-every", "2", "--reload-every", "5"]
    command = [sys.executable, "-m", "tests.soak", *options, "--out", str(tmp_path / "soak.svg")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "30 scrapes answered" in ended.stdout, ended.stdout + ended.stderr
    # What is kept for an hour still fills up: objects and state are judged by the long form.
    for what in ("descriptors", "threads"):
        (row,) = [line for line in ended.stdout.splitlines() if line.startswith(f"| {what} ")]
        assert row.endswith("| flat |"), ended.stdout
    assert (tmp_path / "soak.svg").exists()
