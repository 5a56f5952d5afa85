"""The image: linted by a real tool, pinned, and its locks fit the project."""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

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
    parsed,
    read,
)


def test_hadolint_finds_no_fault() -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    # Each RUN of the build has a layer of its own on purpose: dependencies before sources.
    command = [hadolint, "--ignore", "DL3059", "--failure-threshold", "info", str(DOCKERFILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def described(**variables: str) -> list[str]:
    """The command that `make image` would run."""
    script = DEPLOY / "container" / "build.sh"
    given = {"PATH": os.environ["PATH"], "DRY": "1", **variables}
    return shlex.split(subprocess.check_output(["sh", str(script)], text=True, env=given))


def test_make_image_builds_for_two_platforms_and_names_the_version() -> None:
    minor = __version__.rpartition(".")[0]
    command = described(IMAGE="registry.example.com/obs", EXTRAS="aws,otlp", PUSH="1")
    assert command[:3] == ["docker", "buildx", "build"]
    assert command[command.index("--platform") + 1] == "linux/amd64,linux/arm64"
    assert {"--push", "--sbom=true", "--provenance=mode=max"} <= set(command)
    tags = [command[at + 1] for at, word in enumerate(command) if word == "--tag"]
    assert tags == [f"registry.example.com/obs:{name}-aws-otlp" for name in (__version__, minor)]
    assert f"obs:{__version__}" in described()
    assert "--load" in described(PLATFORMS="linux/amd64")
    assert "--load" not in described()


def test_the_image_says_what_it_is_and_takes_every_build_argument() -> None:
    command = described()
    given = {command[at + 1] for at, word in enumerate(command) if word == "--build-arg"}
    names = {each.partition("=")[0] for each in given}
    known = {
        rest.partition("=")[0]
        for stage in ("build", "runtime")
        for word, rest in instructions(stage)
        if word == "ARG"
    }
    assert names - known == {"SOURCE_DATE_EPOCH"}  # of the builder itself: the times of files
    assert known == names & known
    (labels,) = (rest for word, rest in instructions("runtime") if word == "LABEL")
    prefix = "org.opencontainers.image."
    told = dict(each.split("=", 1) for each in shlex.split(labels))
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert told[prefix + name], name
    (base,) = (rest.split()[0] for word, rest in instructions("runtime") if word == "FROM")
    assert told[f"{prefix}base.name"] == base


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


def test_the_image_installs_from_the_lock_only_and_the_base_unless_asked_for_more() -> None:
    build = instructions("build")
    installed = [rest for word, rest in build if word == "RUN" and "install" in rest]
    (wheel,) = [rest for rest in installed if rest.endswith("/dist/*.whl")]
    assert "--no-deps --no-index" in wheel
    assert [it for it in installed if it != wheel and "--require-hashes" not in it] == []
    assert ("ARG", "EXTRAS=") in build
    assert ("COPY", "requirements requirements") in build


def test_where_the_oms_runs_its_image_has_aws() -> None:
    args = parsed("compose/compose.yaml")["services"]["collector"]["build"]["args"]
    assert args == {"EXTRAS": "aws"}
    builds = re.findall(r"^docker build .*", read("README.md"), re.MULTILINE)
    assert builds
    assert [line for line in builds if "--build-arg EXTRAS=aws" not in line] == []


def test_images_of_obs_are_named_by_the_version_that_the_project_has() -> None:
    tags = {
        tag
        for path in DEPLOY.rglob("*")
        if path.is_file() and path.suffix in {"", ".yaml", ".md"}
        for tag in re.findall(r"\bobs(?:-oms)?:(\d[\w.]*)", path.read_text(encoding="utf-8"))
    }
    assert tags == {__version__} == {version("obs-events")}
