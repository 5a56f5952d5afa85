"""Builds a Debian and an RPM package of the wheel in dist/; `make system-packages` runs it.

Both hold an environment of the system's Python, with exactly the versions of the lock. Its commands
name /opt/obs, where the package puts it. Extras: EXTRAS=aws,otlp, as for the image.

    python deploy/packages/system_packages.py [--python /usr/bin/python3]
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dist import write_checksums  # beside this script

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
INSTALLED = "/opt/obs"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def environment(tree: Path, python: str, wheel: Path, extras: Sequence[str]) -> None:
    """The environment below `tree`, as it is to be at /opt/obs."""
    target = tree / INSTALLED[1:]
    target.parent.mkdir(parents=True)
    _run(python, "-m", "venv", "--without-pip", str(target))
    pip = [sys.executable, "-m", "pip", "--python", str(target / "bin/python"), "install"]
    pip += ["--quiet", "--no-compile"]
    locks = (f"--requirement={ROOT / 'requirements' / extra}.txt" for extra in ("base", *extras))
    _run(*pip, "--require-hashes", *locks)
    _run(*pip, "--no-deps", "--no-index", str(wheel))
    for command in (target / "bin").iterdir():
        if command.name != "obs" and not command.name.startswith("python"):
            command.unlink()
    for told in (target / "bin/obs", target / "pyvenv.cfg"):
        told.write_text(told.read_text(encoding="utf-8").replace(str(target), INSTALLED))
    # By content: the service cannot write bytecode, and times differ once installed.
    where = ["-s", str(tree), "-p", "/", str(target / "lib")]
    _run(python, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", *where)


def package(tree: Path, python: str, version: str) -> list[Path]:
    """The packages, in dist/."""
    code = "import sys; print(*sys.version_info[:2])"
    major, minor = map(int, subprocess.check_output([python, "-c", code], text=True).split())  # noqa: S603
    given = {
        "ARCH": ARCHITECTURES[platform.machine()],
        "VERSION": version,
        "TREE": str(tree),
        "PYTHON": f"{major}.{minor}",
        "PYTHON_AFTER": f"{major}.{minor + 1}",
    }
    template = (ROOT / "deploy" / "packages" / "nfpm.yaml").read_text(encoding="utf-8")
    for name, value in given.items():
        template = template.replace(f"${{{name}}}", value)
    configuration = tree / "nfpm.yaml"
    configuration.write_text(template, encoding="utf-8")
    nfpm = str(Path(sys.executable).with_name("nfpm"))
    for packager in ("deb", "rpm"):
        _run(nfpm, "package", "--config", str(configuration), "-p", packager, "-t", str(DIST))
    return sorted(path for path in DIST.iterdir() if path.suffix in {".deb", ".rpm"})


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603


def main(arguments: Sequence[str]) -> int:
    """Prints what was made; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default="/usr/bin/python3", metavar="PATH")
    chosen = parser.parse_args(arguments)
    wheels = list(DIST.glob("*.whl"))
    if len(wheels) != 1:
        sys.stderr.write(f"{DIST} holds {len(wheels)} wheels: run `make dist`\n")
        return 2
    extras = [extra for extra in os.environ.get("EXTRAS", "").split(",") if extra]
    with tempfile.TemporaryDirectory() as folder:
        environment(Path(folder), chosen.python, wheels[0], extras)
        for path in package(Path(folder), chosen.python, wheels[0].name.split("-")[1]):
            sys.stdout.write(f"{path.stat().st_size:>10}  {path.name}\n")
    write_checksums(DIST)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
