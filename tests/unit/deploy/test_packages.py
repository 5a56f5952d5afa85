"""What `make dist` builds: the same bytes each time, and nothing but the project in it."""

import runpy
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from obs import __version__
from tests.unit.deploy.deployed import ROOT, parsed, read

INSTALLED = "/opt/obs"
DIST: dict[str, Any] = runpy.run_path(str(ROOT / "deploy" / "packages" / "dist.py"))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sdist and wheel; building them fails unless a second build has the same bytes."""
    found: list[Path] = DIST["built_twice"](tmp_path_factory.mktemp("builds"))
    return found


def test_the_wheel_holds_the_package_alone(packages: list[Path], tmp_path: Path) -> None:
    (wheel,) = (path for path in packages if path.suffix == ".whl")
    assert wheel.name == f"obs_events-{__version__}-py3-none-any.whl"
    DIST["check_wheel"](wheel)
    foreign = tmp_path / wheel.name
    shutil.copy(wheel, foreign)
    with zipfile.ZipFile(foreign, "a") as archive:
        archive.writestr("tests/conftest.py", "")
    with pytest.raises(DIST["Refused"], match=r"holds tests/conftest\.py"):
        DIST["check_wheel"](foreign)


def test_the_sdist_holds_what_its_tests_need(packages: list[Path]) -> None:
    (sdist,) = (path for path in packages if path.name.endswith(".tar.gz"))
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "deploy/helm/obs/Chart.yaml", "docs/stability.md", "alerts/runbooks"}
    assert {name for name in wanted if not any(each.startswith(name) for each in names)} == set()
    assert [name for name in names if "__pycache__" in name or name.startswith(".venv")] == []


def test_the_system_packages_hold_files_that_are_there_and_start_nothing() -> None:
    recipe = parsed("packages/nfpm.yaml")
    sources = [each["src"] for each in recipe["contents"] if "src" in each]
    there = [src for src in sources if src[0] != "/" and not src.startswith("${TREE}")]
    for path in (*there, *recipe["scripts"].values()):
        assert (ROOT / path).is_file(), path
    placed = {each["dst"] for each in recipe["contents"]}
    assert f"ExecStart={INSTALLED}/bin/obs collect" in read("systemd/obs.service")
    assert INSTALLED in placed
    for path in recipe["scripts"].values():
        assert "start" not in (ROOT / path).read_text("utf-8").replace("not started", "")
    # A unit with a credential that is missing would not start.
    assert "\nLoadCredential=\n" in read("packages/packaged.conf")


def test_the_chart_s_archive_has_the_same_bytes_and_is_a_chart(tmp_path: Path) -> None:
    first, second = (DIST["chart_archive"](_made(tmp_path / name)) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    helm = pytest.importorskip("helm_python", reason="helm-python-sdk has no wheel here")
    with helm.Chart.load(first) as chart, helm.Chart.load(DIST["CHART"]) as source:
        assert chart.templates == source.templates
        assert (chart.values, chart.schema) == (source.values, source.schema)
        assert not [each["name"] for each in chart.files if each["name"].startswith("ci/")]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
