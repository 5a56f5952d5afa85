"""Makes the lock: what each extra of pyproject.toml installs, in exact versions with hashes.

All files come from one resolution, for every supported Python and every platform. `base.txt` is
what obs needs everywhere, and each file named after an extra what that adds; `build.txt` is what
building the wheel takes, `lock.txt` what making this lock takes. Versions stay as they are unless
a range excludes them; with `--upgrade` each becomes the newest.

    python requirements/lock.py [--upgrade]
"""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parent / "pyproject.toml"
BASE = "base"


def declared(project: dict[str, Any]) -> dict[str, list[str]]:
    """What pyproject.toml asks for, by the file that locks it."""
    return {
        BASE: project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        **_apart(project),
    }


def _apart(project: dict[str, Any]) -> dict[str, list[str]]:
    """What is installed without obs."""
    return {"build": project["build-system"]["requires"], **project["dependency-groups"]}


def digest(project: dict[str, Any]) -> str:
    """Changes with anything that the lock depends on."""
    asked = {"python": project["project"]["requires-python"], **declared(project)}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def header(project: dict[str, Any]) -> str:
    """How each file begins."""
    return f"# Made by `make lock` from pyproject.toml ({digest(project)[:16]}); not for editing.\n"


def pins(text: str) -> dict[str, str]:
    """The lines of each package of a lock file, its hashes included, by name and marker."""
    blocks = re.split(r"\n(?=\S)", "".join(f"{line}\n" for line in text.splitlines()))
    pinned = [block.rstrip() + "\n" for block in blocks if "==" in block.partition("\n")[0]]
    return {block.partition("\n")[0].removesuffix("\\").strip(): block for block in pinned}


def _resolve(wanted: Path, out: Path, *options: str) -> str:
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
        *("--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"),
        *("--output-file", str(out), *options, str(wanted)),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=FOLDER.parent)  # noqa: S603
    return out.read_text(encoding="utf-8")


def _make(folder: Path, upgrade: bool) -> dict[str, str]:
    """The text of each file by its name."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    apart = {name: folder / f"{name}.in" for name in _apart(project)}
    for name, file in apart.items():
        file.write_text("\n".join(_apart(project)[name]), encoding="utf-8")
    whole = folder / "whole.txt"
    if not upgrade:
        # uv prefers the versions that it finds in the file it writes.
        known = pins("".join(p.read_text(encoding="utf-8") for p in FOLDER.glob("*.txt")))
        whole.write_text("".join(known.values()), encoding="utf-8")
    _resolve(PROJECT, whole, "--all-extras", *map(str, apart.values()))
    fixed = ("--constraint", str(whole))
    texts = {
        name: pins(_resolve(wanted, folder / f"{name}.txt", *fixed))
        for name, wanted in {BASE: PROJECT, **apart}.items()
    }
    for extra in project["project"]["optional-dependencies"]:
        resolved = pins(_resolve(PROJECT, folder / f"{extra}.txt", "--extra", extra, *fixed))
        added = {name: block for name, block in resolved.items() if name not in texts[BASE]}
        texts[extra] = added
    head = header(project)
    return {name: head + "".join(blocks.values()) for name, blocks in texts.items()}


def main(arguments: list[str]) -> None:
    """Writes the files anew; those of extras that are gone, go."""
    with tempfile.TemporaryDirectory() as folder:
        made = _make(Path(folder), upgrade="--upgrade" in arguments)
    for file in FOLDER.glob("*.txt"):
        if file.stem not in made:
            file.unlink()
    for name, text in made.items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
