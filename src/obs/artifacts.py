"""Writing a set of built files: all of them or none, each replaced at once, nothing left behind.

What was written is kept in a manifest beside the files, so that those of deleted definitions can
be removed and nobody else's ever are.
"""

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from obs.errors import BadInput

MANIFEST: Final = ".obs-manifest.json"

Files = Mapping[str, str]
"""Texts by path below the output folder, with / between folders."""


def yaml_text(document: object, *, head: str = "") -> str:
    """A document as YAML: always the same bytes, keys as given, longer texts as blocks."""
    text = yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
        default_flow_style=False,
    )
    return f"{head}{text}"


def write(out: Path, targets: Mapping[str, Files]) -> list[str]:
    """Write the files of these targets; returns the paths that changed, removed ones included.

    Files of other targets stay. Raises BadInput where the folder cannot be written.
    """
    try:
        manifest = _manifest(out)
        changed = _replace(out, targets)
        for gone in _gone(manifest, targets):
            (out / gone).unlink(missing_ok=True)
            changed.append(gone)
        kept = {**manifest, **{target: sorted(files) for target, files in targets.items()}}
        _put(out / MANIFEST, _manifest_text(kept))
    except OSError as error:
        raise BadInput(f"{error.filename or out}: cannot write: {error.strerror}") from None
    return sorted(changed)


def drift(out: Path, targets: Mapping[str, Files]) -> Iterator[str]:
    """A unified diff, line by line, of what writing would change; nothing where it would not."""
    for path, text in sorted(_all(targets).items()):
        yield from _diff(path, _read(out / path), text)
    for gone in _gone(_manifest(out), targets):
        yield from _diff(gone, _read(out / gone), None)


def _diff(path: str, before: str | None, after: str | None) -> Iterator[str]:
    if before == after:
        return
    yield from difflib.unified_diff(
        (before or "").splitlines(),
        (after or "").splitlines(),
        path if before is not None else "/dev/null",
        path if after is not None else "/dev/null",
        lineterm="",
    )


def _all(targets: Mapping[str, Files]) -> dict[str, str]:
    whole: dict[str, str] = {}
    for files in targets.values():
        for path, text in files.items():
            if path in whole or PurePosixPath(path).is_absolute() or ".." in path.split("/"):
                raise ValueError(f"{path} is written twice, or outside the folder")
            whole[path] = text
    return whole


def _replace(out: Path, targets: Mapping[str, Files]) -> list[str]:
    """All texts are on disk under other names before the first takes its place."""
    changed = [path for path, text in _all(targets).items() if _read(out / path) != text]
    try:
        for path in changed:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            _aside(out / path).write_text(_all(targets)[path], encoding="utf-8")
        for path in changed:
            _aside(out / path).replace(out / path)
    finally:
        for path in changed:
            _aside(out / path).unlink(missing_ok=True)
    return changed


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _aside(path).write_text(text, encoding="utf-8")
    _aside(path).replace(path)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _manifest(out: Path) -> dict[str, list[str]]:
    text = _read(out / MANIFEST)
    if text is None:
        return {}
    try:
        return {
            str(target): [str(path) for path in paths] for target, paths in json.loads(text).items()
        }
    except (ValueError, AttributeError, TypeError):
        raise BadInput(f"{out / MANIFEST}: is damaged; delete it and build again") from None


def _manifest_text(manifest: Mapping[str, list[str]]) -> str:
    return json.dumps(dict(sorted(manifest.items())), indent=1) + "\n"


def _gone(manifest: Mapping[str, list[str]], targets: Mapping[str, Files]) -> list[str]:
    """Files of these targets that are built no more, and by no other target either."""
    elsewhere = {
        path for target, paths in manifest.items() if target not in targets for path in paths
    }
    built = {path for files in targets.values() for path in files}
    before = {path for target in targets for path in manifest.get(target, ())}
    return sorted(
        path
        for path in before - built - elsewhere
        if not PurePosixPath(path).is_absolute() and ".." not in path.split("/")
    )


class _Dumper(yaml.SafeDumper):
    """Lists are indented, texts of several lines are blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
