"""The wheel and the image, without a container engine: each step of the Dockerfile, then what runs.

The collector runs as the image's user, with its environment, on a file system that is read-only but
for the state, where this may be done here: by root, on Linux.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from obs import __version__
from obs.sandbox.process import Process, free_ports
from tests.integration.waiting import PATIENCE, eventually
from tests.unit.deploy.deployed import (
    PORT,
    ROOT,
    STATE,
    UID,
    environment,
    instructions,
)

pytestmark = pytest.mark.integration


def _may_confine() -> bool:
    """Whether mounts of one's own are allowed here, which root in a container may not have."""
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("setpriv"):
        return False
    attempt = ["unshare", "--mount", "--propagation", "private", "mount", "--bind", "/", "/"]
    return subprocess.run(attempt, check=False, capture_output=True).returncode == 0


EVERY_IMAGE = pytest.mark.skipif(
    not os.environ.get("OBS_ALL_IMAGES"), reason="only with OBS_ALL_IMAGES: it takes a minute"
)
CONFINED = _may_confine()
# Reading is allowed, because the tests' Python may be in a home folder; writing is not.
READER = "-all,+dac_read_search"
CONFINE = f"""
mount --bind {{state}} {{state}} && mount -o remount,bind,ro / && cd {{state}} &&
exec setpriv --reuid {UID} --regid {UID} --clear-groups --no-new-privs --pdeathsig KILL \
  --bounding-set {READER} --inh-caps {READER} --ambient-caps {READER} "$@"
"""
CLOSED = "http://127.0.0.1:1"
# Everything that loads libraries of its own: AWS, NATS, gRPC.
SPEC = {
    "version": 1,
    "system": "oms",
    "sources": {
        "nats": {"main": {"monitor": [CLOSED], "poll": "1s"}},
        "aws": {"cloud": {"region": "us-east-1", "endpoint_url": CLOSED, "poll": "1s"}},
    },
    "outputs": {"otlp": {"endpoint": CLOSED, "protocol": "grpc", "every": "1s"}},
}
UNREACHED = (
    'obs_source_errors_total{source="main",reason="connection",',
    'obs_source_errors_total{source="cloud",reason="connection",',
    'obs_push_errors_total{sink="otlp",reason="connection",',
)


@dataclass(frozen=True)
class Image:
    """The folder that stands for the root of the image's file system."""

    root: Path

    def at(self, text: str) -> str:
        """Text of the Dockerfile with the paths that it makes, in this folder."""
        return re.sub(r"(?<![\w/.])/(opt|src|dist|var/lib|etc/obs)\b", rf"{self.root}/\1", text)

    @property
    def state(self) -> Path:
        return self.root / STATE[1:]

    @property
    def commands(self) -> Path:
        """The folder of what was installed: nothing but the wheel and what it needs."""
        return self.root / "opt/obs/bin"

    @property
    def environment(self) -> dict[str, str]:
        """What the collector is given: the image's own."""
        given = {name: self.at(value) for name, value in environment().items()}
        return given | {
            "PATH": given["PATH"].replace("$PATH", os.environ["PATH"]),
            "OBS_SPEC": str(self.root / "etc/obs"),
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    def confined(self, *command: str) -> list[str]:
        """The command as the image's user, unable to write but to the state."""
        if not CONFINED:
            return list(command)
        script = CONFINE.format(state=self.state)
        return [
            *(str(shutil.which("unshare")), "--mount", "--propagation", "private"),
            *("sh", "-c", script, "sh", *command),
        ]


@pytest.fixture(scope="module")
def small_image() -> Iterator[Image]:
    """As it is built by default."""
    with _built(extras="") as built:
        yield built


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """With AWS and OTLP."""
    with _built(extras="aws,otlp") as built:
        yield built


@contextmanager
def _built(extras: str) -> Iterator[Image]:
    """Built by the Dockerfile's steps, one after the other."""
    root = Path(tempfile.mkdtemp(prefix="obs-image-"))
    root.chmod(0o755)  # it runs as another user
    try:
        made = Image(root)
        for word, rest in instructions("build"):
            if word == "RUN":
                _run(made, rest, extras)
            elif word == "COPY":
                _copy(made, rest)
        made.state.mkdir(parents=True)
        (root / "etc/obs").mkdir(parents=True)
        (root / "etc/obs/obs.yaml").write_text(json.dumps(SPEC), encoding="utf-8")
        if CONFINED:
            os.chown(made.state, UID, UID)
        made.state.chmod(0o700)
        yield made
    finally:
        shutil.rmtree(root)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )


def _run(image: Image, command: str, extras: str) -> None:
    script = re.sub(r"\bpython -m venv\b", f"{sys.executable} -m venv", image.at(command))
    work = image.root / "src"
    work.mkdir(exist_ok=True)
    done = subprocess.run(
        ["/bin/sh", "-ec", script],
        cwd=work,
        env={**os.environ, "PIP_NO_COMPILE": "1", "EXTRAS": extras},  # saves the test half a minute
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"


def _copy(image: Image, arguments: str) -> None:
    *sources, target = arguments.split()
    for source in sources:
        there = image.root / "src" / ("." if target == "./" else target) / Path(source).name
        if target == Path(source).name:
            there = image.root / "src" / target
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, there)


@pytest.mark.parametrize(
    ("built", "extras"),
    [
        pytest.param("small_image", (), id="base", marks=EVERY_IMAGE),
        pytest.param("image", ("aws", "otlp"), id="full"),
    ],
)
def test_it_holds_the_project_at_the_locked_versions_and_no_pip(
    built: str, extras: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    image: Image = request.getfixturevalue(built)
    command = [f"{image.root}/opt/obs/bin/obs", "--version"]
    assert subprocess.check_output(command, text=True, env={}) == f"obs {__version__}\n"
    (packages,) = image.root.glob("opt/obs/lib/python3*/site-packages")
    installed = {
        tuple(path.name.removesuffix(".dist-info").lower().split("-"))
        for path in packages.glob("*.dist-info")
    }
    locked = {
        (name.replace("-", "_").replace(".", "_").lower(), version)
        for part in ("base", *extras)
        for name, version in re.findall(
            r"^([\w.-]+)==(\S+)", (ROOT / f"requirements/{part}.txt").read_text(), re.MULTILINE
        )
    }
    assert installed == locked | {("obs_events", __version__)}
    names = {name for name, _ in installed}
    assert "nats_py" in names
    assert {"boto3", "grpcio"} <= names if extras else not {"boto3", "grpcio"} & names


@EVERY_IMAGE
def test_without_extras_it_is_small(small_image: Image) -> None:
    (packages,) = small_image.root.glob("opt/obs/lib/python3*/site-packages")
    # Without bytecode, of which there is half as much again: 60 MB in all is the limit.
    files = [path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 40_000_000


@EVERY_IMAGE
def test_a_spec_for_aws_says_which_extra_the_image_lacks(
    small_image: Image, tmp_path: Path
) -> None:
    (tmp_path / "obs.yaml").write_text(json.dumps(SPEC), encoding="utf-8")
    done = run(small_image.commands / "obs", "collect", "--once", cwd=tmp_path)
    line = "sources.aws.cloud needs the aws extra: pip install 'obs-events[aws]'\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_it_runs_without_privileges_on_a_read_only_file_system(image: Image) -> None:
    if not CONFINED:
        pytest.skip("only root can make a file system read-only for one process")
    for folder, writable in ((image.state, True), (image.root, False), (Path("/tmp"), False)):
        touched = subprocess.run(
            image.confined("touch", f"{folder}/touched"), capture_output=True, check=False
        )
        assert (touched.returncode == 0) is writable, folder
    (image.state / "touched").unlink()


def test_the_entry_command_serves_is_healthy_without_nats_and_ends_in_order(
    image: Image,
) -> None:
    (port,) = free_ports(1)
    words = dict(instructions("runtime"))
    command = _there(image, words["ENTRYPOINT"], port) + json.loads(_at(words["CMD"], port))
    health = _there(image, words["HEALTHCHECK"].partition("CMD ")[2], port)

    def healthy() -> bool:
        check = image.confined(*health)
        return subprocess.run(check, env=image.environment, check=False).returncode == 0

    assert not healthy()
    clean = [str(shutil.which("env")), "-i", *(f"{k}={v}" for k, v in image.environment.items())]
    collector = Process(
        image.confined(*clean, *command), image.root / "log", cwd=image.root / STATE[1:]
    )
    collector.start()
    try:
        collector.wait_until(lambda: "serving" in collector.log.read_text(), PATIENCE)
        assert healthy()
        # Each gets as far as the network.
        assert eventually(lambda: all(_value(port, name) for name in UNREACHED))
        assert eventually(lambda: list(image.state.rglob("*.sqlite3")))
        if CONFINED:
            assert {path.stat().st_uid for path in image.state.rglob("*")} == {UID}
    finally:
        collector.terminate()
        code = collector.wait(10)
        collector.kill()
    assert code == 0, collector.tail()


def _at(instruction: str, port: int) -> str:
    return instruction.replace(f":{PORT}", f":{port}")


def _there(image: Image, instruction: str, port: int) -> list[str]:
    """A command in exec form, its program found as the image's PATH says."""
    program, *arguments = json.loads(_at(instruction, port))
    found = shutil.which(program, path=image.environment["PATH"])
    assert found
    return [found, *arguments]


def _value(port: int, sample: str) -> float:
    """A sample of /metrics; 0 where it is absent."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(sample)), 0.0)


def test_it_carries_all_that_running_needs_and_no_tests(image: Image) -> None:
    (wheel,) = (image.root / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "obs/web/page/page.css",
        "obs/web/page/page.js",
        "obs/sandbox/demo.yaml",
        "obs/py.typed",
    } <= set(names)
    assert not [name for name in names if name.startswith("tests")]


def test_it_validates_a_spec(image: Image, tmp_path: Path) -> None:
    (tmp_path / "obs.yaml").write_text("version: 1\nsystem: orders\n", encoding="utf-8")
    done = run(image.commands / "obs", "validate", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("orders: valid")


def test_a_scrape_tells_that_a_source_is_down(image: Image, tmp_path: Path) -> None:
    (tmp_path / "obs.yaml").write_text(
        "version: 1\nsystem: orders\nsources:\n  nats:\n    main: {monitor: [http://127.0.0.1:1]}\n",
        encoding="utf-8",
    )
    done = run(image.commands / "obs", "collect", "--once", cwd=tmp_path)
    assert done.returncode == 3
    up = 'obs_source_up{source="main",environment="production",system="orders"} 0'
    assert up in done.stdout.splitlines()


def test_without_the_demo_s_extra_it_says_what_to_install(image: Image, tmp_path: Path) -> None:
    done = run(image.commands / "obs", "demo", "--for", "1s", cwd=tmp_path)
    assert done.returncode == 2
    assert "obs-events[demo]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
