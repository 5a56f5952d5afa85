"""promtool on generated files."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)

_RESULT = re.compile(r"Unit Testing:  (\S+)\n  (SUCCESS|FAILED)")


def check_rules(files: Sequence[Path], *, twins: bool = False) -> str:
    """What `promtool check rules` says; raises where it finds fault.

    With `twins` rules may share name and labels, as those of single objects do with the general
    one; each is about other series.
    """
    lint = [] if twins else ["--lint-fatal"]
    return _run(["promtool", "check", "rules", *lint, *map(str, files)], check=True)


def judged(folder: Path, files: Sequence[str]) -> dict[str, bool]:
    """Whether each test file succeeds."""
    said = _run(["promtool", "test", "rules", *files], cwd=folder)
    results = {name: word == "SUCCESS" for name, word in _RESULT.findall(said)}
    assert results.keys() == set(files), said[-2000:]
    return results


def _run(command: list[str], *, cwd: Path | None = None, check: bool = False) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # in one stream, as a failure is told beside the file's name
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout
