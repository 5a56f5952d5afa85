"""Reads and parses the spec files at the given paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from obs.files import UnreadableFile, read_file
from obs.spec.parse import parse
from obs.spec.report import Problem
from obs.spec.tree import Fields

_SUFFIXES = (".yaml", ".yml")
_MOST_FILES = 1000
_MOST_BYTES = 4_000_000  # of one file: some fifty thousand lines


@dataclass(frozen=True, slots=True)
class Files:
    """The parsed files. `complete` is false if some file could not be read."""

    parts: tuple[Fields, ...]
    problems: tuple[Problem, ...]
    complete: bool


def read_files(paths: Sequence[Path]) -> Files:
    """Parses files, and the .yaml and .yml files of directories, sorted by name."""
    problems: list[Problem] = []
    files = spec_files(paths, problems)
    all_found = not problems
    parts = [_part(file, problems) for file in files]
    known = tuple(part for part in parts if part is not None)
    return Files(known, tuple(problems), all_found and len(known) == len(parts))


def spec_files(paths: Sequence[Path], problems: list[Problem]) -> list[Path]:
    """The files at these paths, each once; adds to `problems` where a folder has none."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += _in_directory(path, problems)
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def _in_directory(path: Path, problems: list[Problem]) -> list[Path]:
    try:
        names = sorted(path.iterdir())
    except OSError as error:
        problems.append(Problem(str(path), None, "", f"cannot be read: {error.strerror}"))
        return []
    found = [file for file in names if file.suffix in _SUFFIXES and file.name[0] != "."]
    if not found:
        problems.append(Problem(str(path), None, "", "contains no .yaml or .yml file"))
    if len(found) > _MOST_FILES:
        message = f"contains more than {_MOST_FILES} .yaml and .yml files; name those to read"
        problems.append(Problem(str(path), None, "", message))
        return []
    return found


def _part(file: Path, problems: list[Problem]) -> Fields | None:
    name = str(file)
    try:
        data = read_file(file, _MOST_BYTES)
    except UnreadableFile as error:
        problems.append(Problem(name, None, "", str(error)))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(Problem(name, line, "", "is not UTF-8 text; save it as UTF-8"))
        return None
    tree, found = parse(name, text)
    problems += found
    return tree
