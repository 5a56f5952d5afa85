"""What obs imports is of the base install or of an extra; one line says which is missing."""

import ast
import json
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import obs
from obs.extras import _LIBRARIES, extra_of, how_to_install, installed_from, require_extra

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
WITHOUT = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
from obs.cli.main import main
sys.exit(main({arguments!r}))
"""
SPEC = """
version: 1
system: orders
sources:
  nats:
    main: {monitor: ["http://127.0.0.1:1"]}
"""
AWS = "  aws:\n    cloud: {region: us-east-1, endpoint_url: 'http://127.0.0.1:1'}\n"
OTLP = "outputs:\n  otlp: {endpoint: 'http://127.0.0.1:1'}\n"


def without_extras(folder: Path, spec: str, *arguments: str) -> tuple[int, str]:
    """Exit code and last lines of a command where only the base is installed."""
    (folder / "obs.yaml").write_text(spec, encoding="utf-8")
    missing = [name for names in _LIBRARIES.values() for name in names]
    code = WITHOUT.format(missing=missing, arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def imported() -> set[str]:
    """The libraries that obs imports anywhere, but for types."""
    found = set()
    for path in Path(obs.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"obs", "mypy_boto3_cloudwatch", "mypy_boto3_events"}


def packages(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def test_every_library_is_of_the_base_or_of_the_extra_that_says_so() -> None:
    brought_by = packages_distributions()
    base = packages(PROJECT["dependencies"])
    for library in sorted(imported()):
        extra = extra_of(library)
        there = base if extra is None else packages(EXTRAS[extra])
        names = {canonicalize_name(name) for name in brought_by[library]}
        # The others come with those, and are part of their interface.
        assert names & (there | {"attrs", "botocore", "pydantic-core"}), (library, extra)


def test_all_is_every_extra_a_user_may_want() -> None:
    (everything,) = map(Requirement, EXTRAS["all"])
    assert everything.extras == EXTRAS.keys() - {"all", "dev", "docs"} == _LIBRARIES.keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("validate",),
        ("schema",),
        ("alerts", "build", "--out", "alerts"),
        ("alerts", "list"),
        ("collect", "--dry-run"),
        ("check", "--list"),
    ],
    ids=" ".join,
)
def test_the_base_is_enough_for_nats(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert without_extras(tmp_path, SPEC, *arguments) == (0, "")


def test_the_base_is_enough_to_collect_from_nats(tmp_path: Path) -> None:
    code, said = without_extras(tmp_path, SPEC, "collect", "--once")
    assert code == 3
    assert "\nsource main: http://127.0.0.1:1/varz: cannot connect" in f"\n{said}"


@pytest.mark.parametrize(
    ("spec", "arguments", "user", "extra"),
    [
        (SPEC, "dashboards build --out x", "obs dashboards build", "dashboards"),
        (SPEC, "dashboards lint .", "obs dashboards lint", "dashboards"),
        (SPEC, "dashboards preview --prometheus http://a", "obs dashboards preview", "preview"),
        (SPEC, "demo", "obs demo", "demo"),
        (SPEC, "drill", "obs drill", "demo"),
        (SPEC + AWS, "collect --once", "sources.aws.cloud", "aws"),
        (SPEC + AWS, "collect --dry-run", "sources.aws.cloud", "aws"),
        (SPEC + AWS, "check", "sources.aws.cloud", "aws"),
        (SPEC + AWS, "alerts apply --target cloudwatch", "obs alerts apply", "aws"),
        (SPEC + OTLP, "collect --once", "outputs.otlp", "otlp"),
    ],
)
def test_what_needs_an_extra_says_which(
    spec: str, arguments: str, user: str, extra: str, tmp_path: Path
) -> None:
    code, said = without_extras(tmp_path, spec, *arguments.split())
    line = f"{user} needs the {extra} extra: pip install -e {shlex.quote(f'{ROOT}[{extra}]')}"
    assert (code, said.splitlines()[-1:]) == (2, [line])


def test_what_to_install_fits_how_obs_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert how_to_install("aws") == "pip install -e '.[aws]'"
    monkeypatch.setattr("obs.extras._CHECKOUT", tmp_path)  # as below site-packages
    monkeypatch.setattr("obs.extras._NAME", "obs-events-published")
    assert how_to_install("aws") == "pip install 'obs-events-published[aws]'"
    told = json.dumps({"url": (tmp_path / "a b").as_uri(), "dir_info": {}})
    assert installed_from(told) is None, "the folder is gone"
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "pyproject.toml").write_text("")
    assert installed_from(told) == tmp_path / "a b"
    assert installed_from("{}") is None
    wheel = {"url": "https://h/pyproject.toml", "archive_info": {}}
    assert installed_from(json.dumps(wheel)) is None


def test_sources_that_this_collector_does_not_poll_need_nothing(tmp_path: Path) -> None:
    code, _ = without_extras(tmp_path, SPEC + AWS, "collect", "--only", "nats", "--once")
    assert code == 3


def test_what_is_installed_is_not_missed() -> None:
    for extra in _LIBRARIES:
        require_extra(extra, "this test")
