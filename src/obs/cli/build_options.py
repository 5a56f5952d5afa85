"""What commands that build files from a spec share: where they go, and what has drifted."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import chosen_spec, spec_arguments
from obs.cli.output import counted
from obs.errors import DONE, FOUND, ObsError

if TYPE_CHECKING:
    from obs.artifacts import Files
    from obs.spec.system import System

Builder = Callable[["System"], Mapping[str, "Files"]]


def build_arguments(parser: argparse.ArgumentParser, folder: str, targets: str) -> None:
    """--spec, --env, --out, --target and --check; `targets` says what may be chosen."""
    spec_arguments(parser)
    parser.add_argument(
        "--out", type=Path, default=Path(folder), metavar="DIR", help=f"default: {folder}"
    )
    parser.add_argument("--target", action="append", metavar="NAME", help=targets)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; show what would change"
    )


def tuned_system(
    arguments: argparse.Namespace, variables: Mapping[str, str] | None = None
) -> "System":
    """The system that --spec and --env choose, its alerts' tuning checked. Raises InvalidSpec."""
    from obs.alerts.tuning import check_tuning

    spec = chosen_spec(arguments, variables)
    check_tuning(spec)
    return spec.system


def put(out: Path, files: Mapping[str, "Files"]) -> None:
    """Write the files, and say which changed. Raises BadInput."""
    from obs.artifacts import write

    changed = write(out, files)
    number = sum(map(len, files.values()))
    print(f"{out}: {counted(number, 'file')}, {len(changed)} changed")
    for path in changed:
        print(f"  {path}")


def check(arguments: argparse.Namespace, build: Builder) -> int:
    """Show how what is there differs from what would be built, and give the exit code.

    The spec is taken as it is here, variables of the environment included; those to which a
    difference is owed are named.
    """
    asked = _Asked(os.environ)
    lines = _drift(arguments, build, asked)
    print("\n".join(lines) if lines else f"{arguments.out}: as the spec says")
    if not lines:
        return DONE
    for name in _to_blame(arguments, build, asked.found, lines):
        print(
            f"${name} is set here and the spec asks for it, so other files are built than without "
            f"it; build and check with the same value, or here with `env -u {name}`"
        )
    return FOUND


def _drift(
    arguments: argparse.Namespace, build: Builder, variables: Mapping[str, str]
) -> list[str]:
    from obs.artifacts import drift

    return list(drift(arguments.out, build(tuned_system(arguments, variables))))


def _to_blame(
    arguments: argparse.Namespace, build: Builder, names: set[str], lines: list[str]
) -> Iterator[str]:
    """The variables without which the difference would be another."""
    for name in sorted(names):
        others = {key: value for key, value in os.environ.items() if key != name}
        try:
            differs = _drift(arguments, build, others) != lines
        except ObsError:  # it has no default, so whoever built had some value
            continue
        if differs:
            yield name


class _Asked(Mapping[str, str]):
    """Variables, and which of those that are set were asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.found: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._variables[name]
        self.found.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)
