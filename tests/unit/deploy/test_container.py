"""The image: linted by a real tool, pinned, and its locks fit the project."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from obs import __version__
from tests.unit.deploy.deployed import (
    DEPLOY,
    DOCKERFILE,
    PORT,
    ROOT,
    STATE,
    UID,
    environment,
    instructions,
    read,
)

PINNED = re.compile(r"^(\S+)==(\S+)", re.MULTILINE)


def test_hadolint_finds_no_fault() -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    # Each RUN of the build has a layer of its own on purpose: dependencies before sources.
    command = [hadolint, "--ignore", "DL3059", "--failure-threshold", "info", str(DOCKERFILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_runs_as_a_user_by_number_and_writes_to_its_state_only() -> None:
    words = dict(instructions("runtime"))
    assert words["USER"] == f"{UID}:{UID}"
    assert words["VOLUME"] == STATE == environment()["OBS_STATE_DIR"]
    assert environment()["PYTHONDONTWRITEBYTECODE"] == "1"
    assert words["EXPOSE"] == str(PORT)
    assert json.loads(words["CMD"])[-2:] == ["--listen", f"0.0.0.0:{PORT}"]
    # The default state_dir is relative.
    assert words["WORKDIR"] == STATE


def test_the_image_that_is_built_by_default_holds_no_spec() -> None:
    assert instructions("default") == [("FROM", "runtime")]
    assert ("COPY", "collectors/oms.yaml /etc/obs/") in instructions("oms")


def test_the_health_check_needs_no_curl_and_checks_only_the_process() -> None:
    command = json.loads(dict(instructions("runtime"))["HEALTHCHECK"].partition("CMD ")[2])
    assert command[0] == "python"
    assert f"http://127.0.0.1:{PORT}/healthz" in command[-1]


def test_what_the_build_copies_is_let_into_its_context() -> None:
    let_in = [
        line[1:]
        for line in read("container/Dockerfile.dockerignore").splitlines()
        if line[:1] == "!"
    ]
    copied = [
        source
        for stage in ("build", "oms")
        for word, rest in instructions(stage)
        if word == "COPY"
        for source in rest.split()[:-1]
    ]
    for source in copied:
        assert (ROOT / source).exists(), source
        matching = [each for each in let_in if Path(source).match(each) or source == each]
        assert matching, source


@pytest.mark.parametrize("lock", ["requirements.txt", "build-requirements.txt"])
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    text = read(f"container/{lock}")
    names = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert len(names) == len(PINNED.findall(text)) > 3
    assert text.count("--hash=sha256:") >= len(names)


def test_the_locks_hold_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needs = {
        "requirements.txt": project["project"]["dependencies"],
        "build-requirements.txt": project["build-system"]["requires"],
    }
    for lock, requirements in needs.items():
        pinned = dict(PINNED.findall(read(f"container/{lock}")))
        for requirement in map(Requirement, requirements):
            assert requirement.name in pinned, f"make {lock} anew as its head says: {requirement}"
            assert requirement.specifier.contains(pinned[requirement.name]), requirement


def test_images_of_obs_are_named_by_the_version_that_the_project_has() -> None:
    tags = {
        tag
        for path in DEPLOY.rglob("*")
        if path.is_file() and path.suffix in {"", ".yaml", ".md"}
        for tag in re.findall(r"\bobs(?:-oms)?:(\d[\w.]*)", path.read_text(encoding="utf-8"))
    }
    assert tags == {__version__} == {version("obs-events")}
