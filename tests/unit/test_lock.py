"""The lock fits pyproject.toml, pins everything with hashes, and names no registry."""

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "requirements").glob("*.txt"))
LOCK = runpy.run_path(str(ROOT / "requirements" / "lock.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED: dict[str, list[str]] = LOCK["declared"](PROJECT)


def pins(*names: str) -> dict[str, list[Requirement]]:
    """What some files pin, by package; several versions where markers choose between them."""
    found: dict[str, list[Requirement]] = {}
    for name in names:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        for pin in map(Requirement, LOCK["pins"](text)):
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def alone(name: str) -> bool:
    return name in {"build", *PROJECT["dependency-groups"]}


def test_there_is_a_file_for_the_base_for_every_extra_and_for_building() -> None:
    assert {file.stem for file in FILES} == DECLARED.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_was_made_from_this_pyproject(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines(keepends=True)[0]
    assert first == LOCK["header"](PROJECT), "pyproject.toml has changed: run `make lock`"


def test_a_change_of_any_requirement_makes_it_out_of_date() -> None:
    changes: list[tuple[Any, ...]] = [
        ("project", "dependencies"),
        ("project", "optional-dependencies", "aws"),
        ("build-system", "requires"),
        ("dependency-groups", "lock"),
    ]
    for path in changes:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        table: Any = project
        for step in path:
            table = table[step]
        table.append("something>=1")
        assert LOCK["header"](project) != LOCK["header"](PROJECT), path
    raised = {**PROJECT, "project": {**PROJECT["project"], "requires-python": ">=3.12"}}
    assert LOCK["header"](raised) != LOCK["header"](PROJECT)


@pytest.mark.parametrize("name", DECLARED)
def test_it_pins_what_is_asked_for_within_its_range(name: str) -> None:
    pinned = pins(name) if alone(name) else pins("base", name)
    wanted = [Requirement(line) for line in DECLARED[name]]
    for requirement in wanted:
        if requirement.name == "obs-events":
            for extra in requirement.extras:
                missing = pins(extra).keys() - pinned.keys()
                assert missing == set(), f"{name} lacks what {extra} has"
            continue
        found = pinned.get(canonicalize_name(requirement.name))
        assert found, f"{requirement} is not pinned"
        for pin in found:
            (exact,) = pin.specifier
            assert requirement.specifier.contains(exact.version, prereleases=True), pin


def test_one_version_of_a_package_whatever_is_installed_together() -> None:
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for name, found in pins(file.stem).items():
            # Without markers: who else asks for it differs between what is installed.
            told = sorted({str(pin.specifier) for pin in found})
            versions.setdefault(name, set()).add("|".join(told))
    assert {name: each for name, each in versions.items() if len(each) > 1} == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_pin_has_hashes_and_no_line_an_address(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = LOCK["pins"](text)
    assert found
    assert [pin for pin, block in found.items() if "--hash=sha256:" not in block] == []
    lines = [line for line in text.splitlines()[1:] if not line.startswith("    --hash=sha256:")]
    assert len(lines) == len(found)
    assert "://" not in text


def test_the_base_is_for_nats_and_prometheus_only() -> None:
    heavy = {"boto3", "botocore", "grpcio", "opentelemetry-sdk", "grafanalib", "protobuf", "plotly"}
    assert heavy & pins("base").keys() == set()
    assert heavy <= pins("all").keys()


def test_every_install_of_the_makefile_is_from_the_lock_but_for_the_newest() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if "pip install" in line]
    unlocked = [
        line for line in installs if not {"--require-hashes", "--no-deps"} & {*line.split()}
    ]
    (newest,) = unlocked
    assert "--upgrade-strategy eager" in newest
    assert "test-newest: packages" in makefile.partition(newest)[0].rpartition("\n\n")[2]


def test_ci_and_each_commit_run_what_make_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if line.startswith("make ")] == ["make lint", "make test"]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make lint"]
