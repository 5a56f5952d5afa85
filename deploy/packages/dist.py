"""Builds what a release publishes into dist/, and checks it; `make dist` runs it.

Wheel and sdist are built twice, in folders of different names, and have to have the same bytes.
Then come the Helm chart as an archive, bills of materials from the lock (CycloneDX), and the
checksums of all. Times in archives are that of the last commit, or $SOURCE_DATE_EPOCH. No index is
asked: the environment holds what building takes.

    python deploy/packages/dist.py [--out DIR]
"""

import argparse
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "obs"
LOCK = ROOT / "requirements"
_NOT_SOURCES = shutil.ignore_patterns(
    *(".git", ".venv*", "dist", "build", "__pycache__", ".*_cache", ".hypothesis", "obs-state")
)


class Refused(Exception):  # noqa: N818  reads as a sentence
    """Why these files are not for a release."""


def epoch() -> str:
    """The time that goes into archives, in seconds since 1970."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    done = _git("log", "-1", "--format=%ct")
    return done.strip() or "1580601600"  # as hatchling has it: an unpacked sdist knows no commits


def _git(*arguments: str) -> str:
    """What git prints; nothing where this is no repository of its own."""
    if not (ROOT / ".git").exists():
        return ""
    return subprocess.check_output(["git", *arguments], cwd=ROOT, text=True)  # noqa: S603, S607


def copy_sources(target: Path) -> None:
    """The files of the project: those that git knows or would add; without git all."""
    names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[:-1]
    if not names:
        shutil.copytree(ROOT, target, ignore=_NOT_SOURCES)
        return
    for name in names:
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def build(sources: Path, out: Path) -> list[Path]:
    """Wheel and sdist, the wheel from the sdist."""
    _run("build", "--no-isolation", "--outdir", str(out), str(sources))
    return sorted(out.iterdir())


def built_twice(work: Path) -> list[Path]:
    """Wheel and sdist, built in two folders. Raises Refused unless both have the same bytes."""
    builds = []
    for name in ("here", "elsewhere/with another name"):
        copy_sources(work / name / "obs")
        builds.append(build(work / name / "obs", work / name / "dist"))
    first, second = ({path.name: _sum(path) for path in each} for each in builds)
    if first != second:
        raise Refused(f"two builds differ: {sorted(first.items() ^ second.items())}")
    return builds[0]


def check_wheel(wheel: Path) -> None:
    """Nothing but the package. Raises Refused."""
    names = zipfile.ZipFile(wheel).namelist()
    foreign = [name for name in names if not re.match(r"obs/|obs_events-[^/]+\.dist-info/", name)]
    if foreign:
        raise Refused(f"{wheel.name} holds {', '.join(foreign[:5])}")


def chart_archive(out: Path) -> Path:
    """The chart, as `helm package` makes it, but with the same bytes each time."""
    about = (CHART / "Chart.yaml").read_text(encoding="utf-8")
    version = re.findall(r"^version: (\S+)$", about, re.MULTILINE)[0]
    files = [path for path in sorted(CHART.rglob("*")) if path.is_file()]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for path in files:
            name = path.relative_to(CHART)
            if name.parts[0] == "ci":  # as .helmignore says
                continue
            entry = tarfile.TarInfo(f"obs/{name.as_posix()}")
            data = path.read_bytes()
            entry.size, entry.mode, entry.mtime = len(data), 0o644, int(epoch())
            archive.addfile(entry, io.BytesIO(data))
    target = out / f"obs-{version}.tgz"
    target.write_bytes(gzip.compress(plain.getvalue(), mtime=int(epoch())))
    return target


def bill_of_materials(out: Path, stem: str, parts: Sequence[str]) -> Path:
    """What is installed with these files of the lock, in CycloneDX 1.6; validated as it is made."""
    target = out / f"{stem}.cdx.json"
    pins = "\n".join((LOCK / f"{part}.txt").read_text(encoding="utf-8") for part in parts)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = stem.split("-")[1]
    with tempfile.TemporaryDirectory() as folder:
        # It tells a version only where pyproject.toml does.
        told = Path(folder) / "pyproject.toml"
        told.write_text(project.replace('dynamic = ["version"]', f'version = "{version}"'))
        _run(
            *("cyclonedx_py", "requirements", "-", "--pyproject", str(told)),
            *("--mc-type", "application", "--sv", "1.6", "--of", "JSON", "--validate"),
            *("--output-reproducible", "--output-file", str(target)),
            given=pins,
        )
    return target


def _run(module: str, *arguments: str, given: str = "") -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": epoch()},
    )
    if done.returncode:
        raise Refused(f"{module}: {(done.stdout + done.stderr).strip()[-2000:]}")


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of every other file of the folder, for `sha256sum --check`."""
    target = folder / "SHA256SUMS"
    files = sorted(path for path in folder.iterdir() if path != target)
    lines = [f"{_sum(path)}  {path.name}\n" for path in files]
    target.write_text("".join(lines), encoding="utf-8")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(out: Path) -> list[Path]:
    """Everything, in `out`, which holds nothing else afterwards. Raises Refused."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "dist"
        fresh.mkdir()
        packages = [
            Path(shutil.copy2(path, fresh)) for path in built_twice(Path(folder) / "builds")
        ]
        _run("twine", "check", "--strict", *map(str, packages))
        (wheel,) = (path for path in packages if path.suffix == ".whl")
        check_wheel(wheel)
        chart_archive(fresh)
        stem = "-".join(wheel.name.split("-")[:2])
        bill_of_materials(fresh, stem, ["base"])
        bill_of_materials(fresh, f"{stem}-all", ["base", "all"])
        write_checksums(fresh)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(fresh, out)
    return sorted(out.iterdir())


def main(arguments: Sequence[str]) -> int:
    """Prints what was made; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    chosen = parser.parse_args(arguments)
    try:
        made = make(chosen.out)
    except Refused as refused:
        sys.stderr.write(f"dist: {refused}\n")
        return 1
    for path in made:
        sys.stdout.write(f"{path.stat().st_size:>10}  {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
