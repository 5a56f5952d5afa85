"""Reads dashboards from files, whatever wraps them.

A dashboard may be alone or in an answer of Grafana's API, in a Kubernetes ConfigMap, in an
object of grafana-operator or in a dashboard resource; in JSON or YAML.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obs.bounded_json import UnreadableJson, load_json
from obs.bounded_yaml import UnreadableYaml, YamlLimits, load_all_yaml
from obs.dashboard_lint.model import Dashboard, dashboard
from obs.dashboards.json_values import Json, mapping, mappings, text
from obs.dashboards.schema_v2 import classic, is_v2
from obs.files import MEGABYTE, UnreadableFile, read_file
from obs.spec.report import InvalidSpec, Problem

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_LARGEST_FILE: Final = 16 * MEGABYTE
_YAML: Final = YamlLimits(values=300_000)
_DEEPEST_WRAPPING: Final = 3
_NO_DASHBOARD: Final = "holds no dashboard; one has panels, or is wrapped for Grafana or Kubernetes"


@dataclass(frozen=True, slots=True)
class Read:
    """The dashboards, each once, and the files of folders that hold none or cannot be read."""

    dashboards: tuple[Dashboard, ...]
    left_out: tuple[Path, ...]
    unreadable: tuple[Problem, ...]


class _UnreadableError(Exception):
    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def read(paths: Sequence[Path]) -> Read:
    """The dashboards of files, and of folders with all that is in them.

    The same dashboard in several files, wrapped or not, is read once. A broken file in a folder
    keeps no other from being read. Raises InvalidSpec with one problem for each file that was named
    and cannot be read.
    """
    problems: list[Problem] = []
    unreadable: list[Problem] = []
    left_out: list[Path] = []
    found: dict[str, Dashboard] = {}
    for path, named in _files(paths):
        try:
            dashboards = list(_dashboards(str(path), _documents(path)))
        except _UnreadableError as error:
            problem = Problem(str(path), error.line, "", str(error))
            if named:
                problems.append(problem)
            elif path.suffix == ".json":
                unreadable.append(problem)
            else:
                left_out.append(path)
            continue
        if not dashboards and named:
            problems.append(Problem(str(path), None, "", _NO_DASHBOARD))
        elif not dashboards:
            left_out.append(path)
        for each in dashboards:
            found.setdefault(json.dumps(each.json, sort_keys=True, default=str), each)
    if problems:
        raise InvalidSpec(problems)
    return Read(tuple(found.values()), tuple(left_out), tuple(unreadable))


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it is an argument; hidden files in folders are skipped."""
    seen: set[Path] = set()
    for path in paths:
        named = not path.is_dir()
        inside = [path] if named else sorted(path.rglob("*"))
        for each in inside:
            hidden = any(part.startswith(".") for part in each.relative_to(path).parts)
            wanted = named or (each.suffix in _SUFFIXES and not hidden and each.is_file())
            if wanted and each not in seen:
                seen.add(each)
                yield each, named


def _documents(path: Path) -> list[Any]:
    try:
        written = read_file(path, _LARGEST_FILE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _UnreadableError("is not UTF-8 text") from None
    except UnreadableFile as refused:
        raise _UnreadableError(str(refused)) from None
    return _yaml(written) if path.suffix in (".yaml", ".yml") else [_json(written)]


def _json(written: str) -> Any:
    try:
        return load_json(written)
    except UnreadableJson as error:
        raise _UnreadableError(str(error), error.line) from None


def _yaml(written: str) -> list[Any]:
    try:
        return load_all_yaml(written, _YAML)
    except UnreadableYaml as error:
        raise _UnreadableError(str(error), error.line) from None


def _dashboards(name: str, documents: Sequence[Any]) -> Iterator[Dashboard]:
    several = len(documents) > 1
    for index, document in enumerate(documents, start=1):
        where = f"{name}[{index}]" if several else name
        for part, found in _unwrapped(mapping(document)):
            yield dashboard(f"{where}[{part}]" if part else where, found)


def _unwrapped(document: Json, depth: int = 0) -> Iterator[tuple[str, Json]]:
    """Each dashboard with the name of its part of the file, empty where there is one part."""
    if depth > _DEEPEST_WRAPPING:
        return
    kind = text(document.get("kind"))
    if is_v2(document):
        yield "", classic(document)
    elif _is_dashboard(document):
        yield "", document
    elif isinstance(document.get("dashboard"), dict):
        inner = document["dashboard"]
        yield from _unwrapped(inner if is_v2(inner) else {"panels": [], **inner}, depth + 1)
    elif kind.endswith("List"):
        for index, item in enumerate(mappings(document.get("items")), start=1):
            for part, found in _unwrapped(item, depth + 1):
                yield part or str(index), found
    elif kind in _OBJECTS:
        yield from _OBJECTS[kind](document, depth)


def _of_config_map(document: Json, depth: int) -> Iterator[tuple[str, Json]]:
    texts = mapping(document.get("data"))
    parts = [(key, value) for key, value in texts.items() if str(key).endswith(".json")]
    for key, value in parts:
        for _, found in _unwrapped(mapping(_json(text(value))), depth + 1):
            yield (str(key) if len(parts) > 1 else ""), found


def _of_operator(document: Json, depth: int) -> Iterator[tuple[str, Json]]:
    spec = mapping(document.get("spec"))
    if "json" not in spec:
        raise _UnreadableError("has no spec.json; other sources of a dashboard are not supported")
    yield from _unwrapped(mapping(_json(text(spec["json"]))), depth + 1)


def _of_resource(document: Json, depth: int) -> Iterator[tuple[str, Json]]:
    if "dashboard.grafana.app" not in text(document.get("apiVersion")):
        return
    name = mapping(document.get("metadata")).get("name")
    spec = {"uid": name, **mapping(document.get("spec"))}
    yield from _unwrapped(spec, depth + 1)


_OBJECTS: Final = {
    "ConfigMap": _of_config_map,
    "GrafanaDashboard": _of_operator,
    "Dashboard": _of_resource,
}


def _is_dashboard(document: Json) -> bool:
    panels = isinstance(document.get("panels"), list) or isinstance(document.get("rows"), list)
    return panels or ("schemaVersion" in document and "title" in document)
