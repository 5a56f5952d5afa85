"""Since which version there is a field, a metric, an alert or a command.

`releases/VERSION.txt` names what a release has, a line each; a release writes it:

    python -m docs._generate.since
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import obs

_FOLDER: Final = Path(__file__).with_name("releases")


def since(name: str) -> str:
    """The first release that has it; the version under development where none has."""
    return first_with(name, _recorded(), obs.__version__)


def first_with(name: str, releases: Iterable[tuple[str, frozenset[str]]], unreleased: str) -> str:
    """The first of these releases, oldest first, that has something of this name."""
    return next((version for version, names in releases if name in names), unreleased)


def in_order(versions: Iterable[str]) -> list[str]:
    """Versions from the oldest to the newest; their parts are numbers."""
    return sorted(versions, key=lambda version: tuple(map(int, version.split("."))))


@cache
def _recorded() -> tuple[tuple[str, frozenset[str]], ...]:
    versions = in_order(file.stem for file in _FOLDER.glob("*.txt"))
    return tuple((each, frozenset(_names(_FOLDER / f"{each}.txt"))) for each in versions)


def _names(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    from docs._generate.declared import declared

    _FOLDER.mkdir(exist_ok=True)
    (_FOLDER / f"{obs.__version__}.txt").write_text("\n".join(declared()) + "\n", encoding="utf-8")
