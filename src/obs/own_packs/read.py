"""Reads packs of the user's own, each once."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from obs.files import MEGABYTE, UnreadableFile, read_file
from obs.own_packs.problems import Read
from obs.own_packs.python_file import read_python
from obs.own_packs.sound import unsound
from obs.own_packs.yaml_file import read_yaml
from obs.packs.pack import Pack
from obs.spec.report import InvalidSpec, Problem

_MOST: Final = MEGABYTE


def read(path: Path) -> Pack:
    """The pack of a file. Raises InvalidSpec with everything that is wrong with it."""
    found = read_file_of(path)
    if found.problems or found.pack is None:
        raise InvalidSpec(found.problems)
    return found.pack


def read_file_of(path: Path) -> Read:
    """What a pack's file holds."""
    try:
        data = read_file(path, _MOST)
        text = data.decode("utf-8-sig")
    except UnreadableFile as error:
        return _unreadable(path, None, str(error))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(path, line, "is not UTF-8 text; save it as UTF-8")
    return _read(path, text, _runbooks(path))


def _unreadable(path: Path, line: int | None, why: str) -> Read:
    problem = Problem(str(path), line, "", why)
    return Read(None, (problem,), lambda *_: problem)


@lru_cache(100)
def _read(path: Path, text: str, runbooks: tuple[tuple[str, int, int], ...]) -> Read:
    """A pack's file is executed, or validated, once; again only where it or a runbook changed."""
    found = read_python(path, text) if path.suffix == ".py" else read_yaml(path, text)
    if found.pack is None:
        return found
    try:
        more = tuple(unsound(found.pack, found.place))
    except (TypeError, AttributeError, ValueError, LookupError, ArithmeticError) as error:
        # Only Python can declare what is of another type than the builders say.
        why = f"declares what no pack has: {type(error).__name__}: {error}"
        return Read(None, (Problem(str(path), None, "PACK", why),), found.place)
    return Read(found.pack, (*found.problems, *more), found.place)


def _runbooks(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes where somebody edits a runbook, or a module of a pack in Python."""
    try:
        files = sorted((*path.parent.glob("runbooks/*.md"), *path.parent.glob("*.py")))
        return tuple((str(each), (s := each.stat()).st_mtime_ns, s.st_size) for each in files)
    except OSError:
        return ()
