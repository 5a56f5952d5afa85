"""Writes a set of built files: all or none, each replaced atomically, obsolete ones removed.

A manifest beside the files lists what was written, so that files of deleted definitions are
removed and files of others never are.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from obs.difference import unified
from obs.errors import BadInput
from obs.files import MEGABYTE
from obs.folder import Folder, shown, wrong_name

MANIFEST: Final = ".obs-manifest.json"
_LARGEST_MANIFEST: Final = 4 * MEGABYTE

_LINE_END: Final = "\n"
_PLAIN: Final = re.compile(r"[A-Za-z_](?:[^:#]|:(?=\S)|(?<=\S)#)*(?<=[^\s:])|(\d+(ms|[smhdw]))+")
_WORDS: Final = frozenset(("true", "false", "yes", "no", "on", "off", "y", "n", "null"))

Files = Mapping[str, str]
"""Contents by path relative to the output folder, with / between folders."""


@dataclass(frozen=True, slots=True)
class Built:
    """The files of each target that could be built, and for each other one why not, in a line."""

    files: Mapping[str, Files]
    failures: Mapping[str, str]

    def whole(self) -> Mapping[str, Files]:
        """The files. Raises BadInput where a target could not be built."""
        if self.failures:
            raise BadInput("\n".join(self.failures.values()))
        return self.files


def build_each(writers: Mapping[str, Callable[[], Files]]) -> Built:
    """The files of each target: one that cannot be built stops no other."""
    files: dict[str, Files] = {}
    failures: dict[str, str] = {}
    for target, write_target in writers.items():
        try:
            files[target] = write_target()
        except BadInput as error:
            first, *more = str(error).splitlines()
            others = f" (and {len(more)} more like it)" if more else ""
            failures[target] = f"target {target} is not built: {first}{others}"
    return Built(files, failures)


def yaml_text(document: object, *, head: str = "") -> str:
    """The document as YAML: deterministic, keys in the given order, multi-line text as blocks.

    Own code, because PyYAML takes 6 s for the rules of a thousand SLOs, and writes other bytes
    where it was built without libyaml.
    """
    lines: list[str] = []
    _append_lines(lines, document, "", "")
    return f"{head}{_LINE_END.join(lines)}{_LINE_END}"


def write(out: Path, targets: Mapping[str, Files]) -> list[str]:
    """Writes the files of these targets; returns the paths that changed, removed ones included.

    Files of other targets stay. Raises BadInput if the folder cannot be written, or if what is
    there would lead out of it: then nothing is changed.
    """
    folder = Folder(out)
    try:
        before = manifest(folder)
        wanted = _all(targets)
        changed = {path: text for path, text in wanted.items() if folder.read(path) != text}
        gone = _gone(before, targets)
        for path in gone:
            folder.exists(path)  # refuses what is no file
        folder.write(changed)
        for path in gone:
            if not any(folder.is_same(path, each) for each in _alike(path, wanted)):
                folder.remove(path)
        written = {**before, **{target: sorted(files) for target, files in targets.items()}}
        folder.write({MANIFEST: manifest_text(written)})
    except OSError as error:
        raise BadInput(f"{error.filename or out}: cannot write: {error.strerror}") from None
    return sorted([*changed, *gone])


def drift(out: Path, targets: Mapping[str, Files]) -> Iterator[str]:
    """The lines of a unified diff of what `write` would change; none if it would change nothing."""
    folder = Folder(out)
    try:
        for path, text in sorted(_all(targets).items()):
            yield from _diff(out / path, folder.read(path), text)
        for gone in _gone(manifest(folder), targets):
            yield from _diff(out / gone, folder.read(gone), None)
    except OSError as error:
        raise BadInput(f"{error.filename or out}: cannot read: {error.strerror}") from None


def _diff(path: Path, before: str | None, after: str | None) -> Iterator[str]:
    if before == after:
        return
    yield from unified(
        (before or "").splitlines(),
        (after or "").splitlines(),
        (
            str(path) if before is not None else "/dev/null",
            str(path) if after is not None else "/dev/null",
        ),
    )


def _all(targets: Mapping[str, Files]) -> dict[str, str]:
    whole: dict[str, str] = {}
    for files in targets.values():
        for path, text in files.items():
            if path in whole or wrong_name(path):
                raise ValueError(f"{path} is built twice, or outside the folder")
            whole[path] = text
    return whole


def manifest(folder: Folder) -> dict[str, list[str]]:
    """The paths written to the folder, by target.

    Raises BadInput if the manifest is damaged, or names what is not a file below the folder.
    """
    where = folder.path / MANIFEST
    text = folder.read(MANIFEST, _LARGEST_MANIFEST)
    if text is None:
        return {}
    try:
        found = {str(target): _texts(paths) for target, paths in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise BadInput(f"{where}: is damaged; delete it and build again") from None
    for name in (name for names in found.values() for name in names):
        if why := wrong_name(name):
            raise BadInput(f"{where}: the name {shown(name)} {why}; delete it and run this again")
    return found


def _texts(found: object) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise TypeError
    return found


def manifest_text(paths: Mapping[str, list[str]]) -> str:
    """The text of a manifest file."""
    return json.dumps(dict(sorted(paths.items())), indent=1) + "\n"


def _gone(written: Mapping[str, list[str]], targets: Mapping[str, Files]) -> list[str]:
    """Files of these targets that no target builds any more."""
    elsewhere = {
        path for target, paths in written.items() if target not in targets for path in paths
    }
    built = {path for files in targets.values() for path in files}
    before = {path for target in targets for path in written.get(target, ())}
    return sorted(
        path for path in before - built - elsewhere if path.casefold() != MANIFEST.casefold()
    )


def _alike(path: str, wanted: Iterable[str]) -> list[str]:
    """Wanted paths that are the same but for capital letters: some file systems have no others."""
    return [each for each in wanted if each.casefold() == path.casefold()]


def _append_lines(lines: list[str], value: object, first: str, indent: str) -> None:
    """Appends the lines of a value; `first` is the beginning of the first line."""
    match value:
        case dict() if value:
            for key, below in value.items():
                _append_entry(lines, f"{first}{_scalar(str(key))}:", below, f"{indent}  ")
                first = indent
        case list() | tuple() if value:
            for below in value:
                _append_lines(lines, below, f"{first}- ", f"{indent}  ")
                first = indent
        case _:
            lines.append(f"{first}{_scalar(value)}")


def _append_entry(lines: list[str], head: str, value: object, indent: str) -> None:
    """Appends the lines of a key and its value."""
    if isinstance(value, str):
        if _LINE_END in value and _is_block(value):
            lines.append(f"{head} {'|' if value.endswith(_LINE_END) else '|-'}")
            texts = value.removesuffix(_LINE_END).split(_LINE_END)
            lines += [f"{indent}{line}" if line else "" for line in texts]
        else:
            lines.append(f"{head} {_quoted(value)}")
    elif isinstance(value, dict | list | tuple) and value:
        lines.append(head)
        _append_lines(lines, value, indent, indent)
    else:
        lines.append(f"{head} {_scalar(value)}")


def _is_block(text: str) -> bool:
    first, *rest = text.removesuffix(_LINE_END).split(_LINE_END)
    begins_well = bool(first) and not first.startswith(" ")
    return (
        bool(rest and rest[-1])
        and begins_well
        and all(each.isprintable() for each in (first, *rest))
    )


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            text = repr(value)
            return text.replace("e", ".0e") if "e" in text and "." not in text else text
        case dict() | list() | tuple():
            return "{}" if isinstance(value, dict) else "[]"
        case _:
            return _quoted(str(value)) if isinstance(value, str) else str(value)


@lru_cache(4096)
def _quoted(text: str) -> str:
    """The text, quoted only if YAML needs it; cached, because rules repeat most texts."""
    if _PLAIN.fullmatch(text) and text.isprintable() and text.lower() not in _WORDS:
        return text
    if text.isprintable():
        escaped = text.replace("'", "''")
        return f"'{escaped}'"
    characters = (
        character if character.isprintable() else f"\\U{ord(character):08x}"
        for character in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{"".join(characters)}"'
