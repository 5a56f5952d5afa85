"""GitHub's files: each step of a workflow is a make target, which can be run anywhere."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return found


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_step_is_a_make_target(file: Path) -> None:
    commands = [
        step["run"] for job in jobs(file).values() for step in job["steps"] if "run" in step
    ]
    assert commands
    for command in commands:
        word, target = command.split()
        assert word == "make"
        assert target in TARGETS, command


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_by_commit_and_may_do_little(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    uses = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
    assert [line for line in uses if not PINNED.fullmatch(line)] == []
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    for job in jobs(file).values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_the_oldest_python_and_that_of_the_image_are_tested() -> None:
    (versions,) = jobs(GITHUB / "workflows" / "test.yml")["test"]["strategy"]["matrix"].values()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    image = (ROOT / "deploy" / "container" / "Dockerfile").read_text(encoding="utf-8")
    assert f'requires-python = ">={versions[0]}"' in project
    assert f"FROM python:{versions[-1]}." in image


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-workflows", "workflows/*.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("dependabot", "dependabot.yml"),
    ],
)
def test_github_reads_it(schema: str, pattern: str) -> None:
    files = [str(path) for path in sorted(GITHUB.glob(pattern))]
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
