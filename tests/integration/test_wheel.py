"""The wheel runs by itself: in an empty virtual environment, away from the checkout."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.integration


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, ROOT, cwd=folder
    )
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty virtual environment's commands, with only the wheel installed."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    done = run(folder / "bin/python", "-m", "pip", "install", "-q", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def test_it_carries_all_that_running_needs_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"obs/web/page.html", "obs/sandbox/demo.yaml", "obs/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith("tests")]


def test_it_validates_a_spec(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "obs.yaml").write_text("version: 1\nsystem: orders\n", encoding="utf-8")
    done = run(installed / "obs", "validate", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("orders: valid")


def test_a_scrape_tells_that_a_source_is_down(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "obs.yaml").write_text(
        "version: 1\nsystem: orders\nsources:\n  nats:\n    main: {monitor: [http://127.0.0.1:1]}\n",
        encoding="utf-8",
    )
    done = run(installed / "obs", "collect", "--once", cwd=tmp_path)
    assert done.returncode == 3
    assert 'obs_source_up{source="main"} 0' in done.stdout.splitlines()


def test_without_the_demo_s_extra_it_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "obs", "demo", "--for", "1s", cwd=tmp_path)
    assert done.returncode == 2
    assert "obs-events[demo]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
