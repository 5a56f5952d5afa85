"""From spec files to one System, or to every problem of all of them at once."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from obs.spec.expand import expand, expand_text
from obs.spec.explain import explain
from obs.spec.merge import merge_parts, overlay
from obs.spec.parse import parse
from obs.spec.references import Parts, dangling, parts_of, repeated
from obs.spec.report import InvalidSpec, Problem, both_places, did_you_mean, problem_at
from obs.spec.salvage import salvage
from obs.spec.shape import is_secret
from obs.spec.system import System
from obs.spec.tree import (
    Fields,
    Node,
    Place,
    Scalar,
    child,
    is_empty,
    locate,
    path_text,
    plain,
    without,
)

_SUFFIXES = (".yaml", ".yml")
_TOP_ONLY = ("version", "environment", "environments")


@dataclass(frozen=True, slots=True)
class Spec:
    """What the files say: the chosen system, and the environments that may be chosen."""

    system: System
    environments: tuple[str, ...]


def load(
    paths: Sequence[Path], *, env: str | None = None, variables: Mapping[str, str] | None = None
) -> System:
    """The system that the files or directories describe, as it is in environment `env`.

    Raises InvalidSpec with every problem of all files. Variables are the process's own where
    left out.
    """
    return read_spec(paths, env=env, variables=variables).system


def read_spec(
    paths: Sequence[Path], *, env: str | None = None, variables: Mapping[str, str] | None = None
) -> Spec:
    """As load, with the names of the environments. All of them are validated."""
    problems: list[Problem] = []
    files = _spec_files(paths, problems)
    parts = [part for file in files if (part := _part(file, problems)) is not None]
    if not parts:
        raise InvalidSpec(problems)
    unread = bool(problems)
    whole = merge_parts(parts, problems)
    environments = _environments(whole, problems)
    under = without(whole, "environments")
    variables = os.environ if variables is None else variables
    own = _own_environment(under, variables)
    chosen = env or own
    if env is not None and env not in environments and env != own:
        problems.append(_unknown_environment(whole, env, environments))
    problems += _empty_sources(under)
    judge = _Judge(variables, partial=unread)
    for name, over in environments.items():
        if name != chosen:
            judge.of(_named(overlay(under, over, problems), name), chosen=False)
    here = environments.get(chosen)
    tree = under if here is None else overlay(under, here, problems)
    system = judge.of(_named(tree, chosen) if env or here is not None else tree, chosen=True)
    problems += judge.problems
    if problems or system is None:
        raise InvalidSpec(problems)
    return Spec(system, tuple(environments))


def _spec_files(paths: Sequence[Path], problems: list[Problem]) -> list[Path]:
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
        problems.append(Problem(str(path), None, "", "holds no .yaml or .yml file"))
    return found


def _part(file: Path, problems: list[Problem]) -> Fields | None:
    name = str(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        problems.append(Problem(name, None, "", f"cannot be read: {error.strerror}"))
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


def _environments(whole: Fields, problems: list[Problem]) -> dict[str, Fields]:
    node = whole.fields.get("environments")
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return {}
    if not isinstance(node, Fields):
        problems.append(
            problem_at(node.place, "write a mapping of names to what is different there")
        )
        return {}
    overlays: dict[str, Fields] = {}
    for name, over in node.fields.items():
        if isinstance(over, Fields):
            overlays[name] = _overlay_only(over, problems)
        elif isinstance(over, Scalar) and over.value is None:
            overlays[name] = Fields(over.place)
        else:
            problems.append(problem_at(over.place, "write a mapping of what is different there"))
    return overlays


def _overlay_only(over: Fields, problems: list[Problem]) -> Fields:
    for key in _TOP_ONLY:
        if key in over.keys:
            problems.append(problem_at(over.keys[key], "is said once, at the top of the spec"))
            over = without(over, key)
    return over


def _own_environment(tree: Fields, variables: Mapping[str, str]) -> str:
    """The environment the spec is about by itself; what is wrong with it is said later."""
    node = tree.fields.get("environment")
    if isinstance(node, Scalar) and isinstance(node.value, str):
        with suppress(LookupError, ValueError):
            return expand_text(node.value, variables)
    return str(System.model_fields["environment"].default)


def _empty_sources(tree: Fields) -> list[Problem]:
    """Sources that are named and no more; in an overlay that takes a source away."""
    sources = tree.fields.get("sources")
    kinds = [child(sources, kind) for kind in ("nats", "aws")] if sources is not None else []
    return [
        problem_at(node.place, "says nothing about this source; write its fields, or take it out")
        for kind in kinds
        if isinstance(kind, Fields)
        for node in kind.fields.values()
        if is_empty(node)
    ]


def _unknown_environment(whole: Fields, env: str, known: Mapping[str, Fields]) -> Problem:
    choices = ", ".join(known) or "none"
    hint = did_you_mean(env, known) or f"; there is {choices}"
    return problem_at(locate(whole, ("environments",)), f"no environment {env!r}{hint}")


def _named(tree: Fields, name: str) -> Fields:
    place = locate(tree, ("environment",))
    return Fields(tree.place, {**tree.fields, "environment": Scalar(place, name)}, tree.keys)


class _Judge:
    """Validates trees, reporting once what several environments have in common."""

    def __init__(self, variables: Mapping[str, str], *, partial: bool) -> None:
        self.problems: set[Problem] = set()
        self._variables = variables
        self._partial = partial

    def of(self, tree: Fields, *, chosen: bool) -> System | None:
        """The system of a tree, None where it is not sound.

        Variables of an environment that is not chosen may be undefined: it lives elsewhere.
        """
        expanded = expand(tree, self._variables, is_secret)
        unknown = {(place.file, place.line, path_text(place.path)) for place in expanded.undefined}
        found = list(expanded.problems)
        system = None
        try:
            system = System.model_validate(plain(expanded.tree))
            parts = parts_of(system)
        except ValidationError as error:
            found += [
                problem
                for problem in explain(error, expanded.tree, missing=not self._partial)
                if (problem.file, problem.line, problem.field) not in unknown
            ]
            parts = salvage(expanded.tree)
        found += self._between(parts, expanded.tree)
        if chosen:
            found += _undefined(expanded.undefined)
        self.problems.update(found)
        return system

    def _between(self, parts: Parts, tree: Node) -> list[Problem]:
        def same_as(second: tuple[str | int, ...], first: tuple[str | int, ...]) -> str:
            return both_places(locate(tree, second), locate(tree, first))

        findings = [*repeated(parts, same_as)]
        if not self._partial:
            findings += dangling(parts)
        return [problem_at(locate(tree, path), message) for path, message in findings]


def _undefined(undefined: Mapping[Place, str]) -> list[Problem]:
    return [
        problem_at(
            place, f"variable {name} is not set; set it, or give a default: ${{{name}:-default}}"
        )
        for place, name in undefined.items()
    ]
