"""Loads spec files into one System, or reports all their problems at once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from obs.spec.environments import (
    empty_sources,
    laid_over,
    overlays_of,
    own_environment,
    unknown_environment,
)
from obs.spec.expand import expand
from obs.spec.explain import explain
from obs.spec.field_types import is_secret
from obs.spec.files import read_files
from obs.spec.merge import merge_parts
from obs.spec.partial import sound_parts
from obs.spec.references import Parts, dangling, parts_of, repeated
from obs.spec.report import InvalidSpec, Problem, both_places, problem_at
from obs.spec.system import System
from obs.spec.tree import (
    Fields,
    FilePlace,
    Node,
    locate,
    path_text,
    plain,
    without,
)


@dataclass(frozen=True, slots=True)
class Spec:
    """The loaded spec: the system in the chosen environment, and the names of all environments.

    `tree` is the source of the system; it knows the file and line of each value.
    """

    system: System
    environments: tuple[str, ...]
    tree: Fields


def load(
    paths: Sequence[Path], *, env: str | None = None, variables: Mapping[str, str] | None = None
) -> System:
    """The system in environment `env`, from files or directories of files.

    `variables` default to the environment of the process. Raises InvalidSpec with all problems.
    """
    return read_spec(paths, env=env, variables=variables).system


def read_spec(
    paths: Sequence[Path], *, env: str | None = None, variables: Mapping[str, str] | None = None
) -> Spec:
    """The system as by `load`, with the names of all environments, each of which is validated."""
    variables = os.environ if variables is None else variables
    read = read_files(paths)
    problems = list(read.problems)
    if not read.parts:
        raise InvalidSpec(problems)
    whole = merge_parts(read.parts, problems)
    overlays = overlays_of(whole, problems)
    under = without(whole, "environments")
    own = own_environment(under, variables)
    if env is not None and env != own and env not in overlays:
        problems.append(unknown_environment(whole, env, overlays))
    validator = _Validator(variables, complete=read.complete)
    for name, over in overlays.items():
        if name != (env or own):
            validator.validate(laid_over(under, over, name, problems), chosen=False)
    here = overlays.get(env or own, Fields(under.place))
    tree = laid_over(under, here, env, problems)
    system = validator.validate(tree, chosen=True)
    problems += [*empty_sources(under), *validator.problems]
    if problems or system is None:
        raise InvalidSpec(problems, tree)
    return Spec(system, tuple(overlays), tree)


class _Validator:
    """Validates trees, and reports a problem that several environments share only once."""

    def __init__(self, variables: Mapping[str, str], *, complete: bool) -> None:
        self.problems: set[Problem] = set()
        self._variables = variables
        self._complete = complete

    def validate(self, tree: Fields, *, chosen: bool) -> System | None:
        """The system of a tree, None if the tree is invalid.

        Variables of an environment that is not chosen may be undefined here.
        """
        expanded = expand(tree, self._variables, is_secret)
        unknown = {(place.file, place.line, path_text(place.path)) for place in expanded.undefined}
        found = list(expanded.problems)
        system = None
        try:
            system = System.model_validate(plain(expanded.tree))
            for name, own in system.packs.own.items():
                own.placed(Path(locate(tree, ("packs", "own", name)).file))
            parts = parts_of(system)
        except ValidationError as error:
            found += [
                problem
                for problem in explain(error, expanded.tree, missing=self._complete)
                if (problem.file, problem.line, problem.field) not in unknown
            ]
            parts = sound_parts(expanded.tree)
        # A value whose variable is undefined may be the name that a reference needs.
        found += self._between(parts, expanded.tree, references=not expanded.undefined)
        if chosen:
            found += _undefined(expanded.undefined)
        self.problems.update(found)
        return system

    def _between(self, parts: Parts, tree: Node, *, references: bool) -> list[Problem]:
        def same_as(second: tuple[str | int, ...], first: tuple[str | int, ...]) -> str:
            return both_places(locate(tree, second), locate(tree, first))

        findings = [*repeated(parts, same_as)]
        if references and self._complete:
            findings += dangling(parts)
        return [problem_at(locate(tree, path), message) for path, message in findings]


def _undefined(undefined: Mapping[FilePlace, str]) -> list[Problem]:
    return [
        problem_at(
            place, f"variable {name} is not set; set it, or add a default: ${{{name}:-default}}"
        )
        for place, name in undefined.items()
    ]
