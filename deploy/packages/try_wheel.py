"""Installs the wheel of dist/ into an empty environment of each Python here, and starts it.

Every `python3.N` from 3.11 on the PATH and of pyenv is tried, or those that are given. `make
dist-try` runs it after `make dist`. The newest versions that the wheel allows are installed, as for
a user.

    python deploy/packages/try_wheel.py [PYTHON …]
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

DIST = Path(__file__).parents[2] / "dist"
OLDEST = (3, 11)
SPEC = "version: 1\nsystem: shop\nsources: {nats: {main: {monitor: ['http://nats:8222']}}}\n"
COMMANDS = (["--version"], ["validate"], ["collect", "--help"])


def found() -> Iterator[str]:
    """The newest Python of each minor version, from 3.11 on."""
    folders = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders += (path / "bin" for path in (pyenv / "versions").glob("*"))
    known: dict[tuple[int, int], tuple[int, str]] = {}
    for folder in folders:
        for path in folder.glob("python3.[0-9][0-9]"):
            version = _version(str(path))
            if version[:2] >= OLDEST and known.get(version[:2], (-1, ""))[0] < version[2]:
                known[version[:2]] = (version[2], str(path))
    yield from (path for _, (_, path) in sorted(known.items()))


def _version(python: str) -> tuple[int, int, int]:
    """Of a Python that starts; (0, 0, 0) of one that does not."""
    code = "import sys; print(*sys.version_info[:3])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    numbers = [int(part) for part in done.stdout.split()]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else (0, 0, 0)


def attempt(python: str, wheel: Path) -> list[str]:
    """What went wrong with this Python; nothing where all went well."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "obs.yaml").write_text(SPEC, encoding="utf-8")
        steps = [
            [python, "-m", "venv", "env"],
            ["env/bin/python", "-m", "pip", "install", "--quiet", str(wheel)],
            *(["env/bin/obs", *command] for command in COMMANDS),
        ]
        for step in steps:
            # Nothing of this environment reaches the other one.
            kept = {name: text for name, text in os.environ.items() if name[:6] != "PYTHON"}
            done = subprocess.run(  # noqa: S603
                step, cwd=home, env=kept, capture_output=True, text=True, check=False
            )
            if done.returncode:
                return [" ".join(step), (done.stdout + done.stderr).strip()[-1000:]]
    return []


def main(arguments: Sequence[str]) -> int:
    """Tries each; prints a line each; returns the exit code."""
    wheels = list(DIST.glob("*.whl"))
    if len(wheels) != 1:
        sys.stderr.write(f"{DIST} holds {len(wheels)} wheels: run `make dist`\n")
        return 2
    pythons = list(arguments) or list(found())
    failed = False
    for python in pythons:
        problems = attempt(python, wheels[0])
        version = ".".join(map(str, _version(python)))
        sys.stdout.write(f"Python {version}: {'failed' if problems else 'works'}\n")
        sys.stdout.writelines(f"  {line}\n" for line in problems)
        failed = failed or bool(problems)
    return int(failed or not pythons)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
