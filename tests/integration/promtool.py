"""promtool on generated files."""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)"
)

# Its heap stays small, and without this it spends half of its time on collecting garbage.
_ENVIRONMENT = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
_RESULT = re.compile(r"Unit Testing:  (\S+)\n  (SUCCESS|FAILED)")


def check_rules(files: Sequence[Path]) -> str:
    """What `promtool check rules` says; raises where it or its linter finds fault."""
    command = ["promtool", "check", "rules", "--lint=all", "--lint-fatal"]
    return _run([*command, *map(str, files)], check=True)


def needs(program: str) -> pytest.MarkDecorator:
    """Skips a test where there is no such program."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def judged(folder: Path, files: Sequence[str]) -> dict[str, bool]:
    """Whether each test file succeeds."""
    return _judged(folder, files)[0]


def failed_alerts(folder: Path, files: Sequence[str], alerts: Collection[str]) -> set[str]:
    """Those of `alerts` of which an expectation in the test files is not met.

    No name may be a word of anything else in the files.
    """
    _, said = _judged(folder, files)
    return {*re.findall(r"\w+", said)} & {*alerts}


def _judged(folder: Path, files: Sequence[str]) -> tuple[dict[str, bool], str]:
    said = _run(["promtool", "test", "rules", *files], cwd=folder)
    results = {name: word == "SUCCESS" for name, word in _RESULT.findall(said)}
    assert results.keys() == set(files), said[-2000:]
    return results, said


def said_of(folder: Path, file: str) -> str:
    """What promtool says of one test file, whose expectations need not be met."""
    said = _run(["promtool", "test", "rules", file], cwd=folder)
    assert "got:" in said or "SUCCESS" in said, said[-2000:]
    return said


def _run(command: list[str], *, cwd: Path | None = None, check: bool = False) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **_ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # one stream: a failure follows its file's name
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout
