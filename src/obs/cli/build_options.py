"""What commands that build files from a spec share: options, writing, and the drift report."""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import chosen_spec, format_argument, spec_arguments
from obs.cli.output import counted, json_text
from obs.cli.terminal import diff_coloured, say
from obs.errors import DONE, FOUND, BadInput, ObsError

if TYPE_CHECKING:
    from obs.artifacts import Built, Files
    from obs.spec.system import System

FilesByTarget = Mapping[str, "Files"]
Notes = Mapping[str, Sequence[str]]
"""Sentences about what was built, by their heading in JSON."""

_HEADINGS: Final = {"not_built": "not built:", "advice": "note:"}


@dataclass(frozen=True, slots=True)
class BuildFolder:
    """A folder of built files, how its files are built, and remarks on them."""

    path: Path
    build: Callable[["System"], "Built"]
    notes: Callable[["System", FilesByTarget], Notes] = lambda system, files: {}


def build_arguments(parser: argparse.ArgumentParser, out: str, out_help: str) -> None:
    """--spec, --env, --out, --check and --format."""
    spec_arguments(parser)
    parser.add_argument("--out", type=Path, default=Path(out), metavar="DIR", help=out_help)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; show how the files differ"
    )
    format_argument(parser)


def target_argument(parser: argparse.ArgumentParser, targets: str) -> None:
    """--target; `targets` is its help."""
    parser.add_argument("--target", action="append", metavar="NAME", help=targets)


def tuned_system(
    arguments: argparse.Namespace, variables: Mapping[str, str] | None = None
) -> "System":
    """The system that --spec and --env choose, with valid alert overrides. Raises InvalidSpec."""
    from obs.alerts.tuning import check_tuning

    spec = chosen_spec(arguments, variables)
    check_tuning(spec)
    return spec.system


def run_build(arguments: argparse.Namespace, folders: Sequence[BuildFolder]) -> int:
    """Writes all folders, or with --check compares them; prints a report, returns the exit code.

    Raises BadInput at the end where a target could not be built; its files stay as they were.
    """
    return _check(arguments, folders) if arguments.check else _write(arguments, folders)


def _write(arguments: argparse.Namespace, folders: Sequence[BuildFolder]) -> int:
    from obs.artifacts import write

    system = tuned_system(arguments)
    built = [(folder, folder.build(system)) for folder in folders]  # all, before anything changes
    facts = []
    for folder, each in built:
        changed = write(folder.path, each.files)
        notes = folder.notes(system, each.files)
        number = sum(map(len, each.files.values()))
        facts.append(
            {
                "folder": str(folder.path),
                "files": number,
                "changed": changed,
                **notes,
                **({"failed": dict(each.failures)} if each.failures else {}),
            }
        )
        if arguments.format == "text":
            say("\n".join(_written_lines(folder.path, number, changed, notes)))
    if arguments.format == "json":
        print(json_text(facts))
    _raise(_failures([each for _, each in built]))
    return DONE


def _failures(built: Sequence["Built"]) -> list[str]:
    """Why targets could not be built, a line each."""
    return [why for each in built for why in each.failures.values()]


def _raise(failures: Sequence[str]) -> None:
    if failures:
        raise BadInput("\n".join(failures))


def _written_lines(
    folder: Path, number: int, changed: Sequence[str], notes: Notes
) -> Iterator[str]:
    yield f"{folder}: {counted(number, 'file')}, {len(changed)} changed"
    yield from (f"  {path}" for path in changed)
    for name, sentences in notes.items():
        if sentences:
            yield _HEADINGS[name]
            yield from (f"  {sentence}" for sentence in sentences)


def _check(arguments: argparse.Namespace, folders: Sequence[BuildFolder]) -> int:
    """Reports the difference, and the environment variables that contribute to it."""
    variables = _RecordedVariables(os.environ)
    diff, failures = _compared(arguments, folders, variables)
    causes = list(_causes(arguments, folders, variables.read, diff)) if diff else []
    if arguments.format == "json":
        failed = {"failed": failures} if failures else {}
        print(json_text({"drift": bool(diff), "diff": diff, "variables": causes, **failed}))
    elif diff:
        print("\n".join([*map(diff_coloured, diff), *map(_cause_text, causes)]))
    elif not failures:
        say("\n".join(f"{folder.path}: matches the spec" for folder in folders))
    _raise(failures)
    return FOUND if diff else DONE


def _cause_text(name: str) -> str:
    return (
        f"${name} is set here and read by the spec, so the files differ from those built without "
        f"it; build and check with the same value, or run this with `env -u {name}`"
    )


def _compared(
    arguments: argparse.Namespace, folders: Sequence[BuildFolder], variables: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """The lines of the difference, and why targets could not be built."""
    from obs.artifacts import drift

    system = tuned_system(arguments, variables)
    built = [(folder.path, folder.build(system)) for folder in folders]
    lines = [line for path, each in built for line in drift(path, each.files)]
    return lines, _failures([each for _, each in built])


def _causes(
    arguments: argparse.Namespace,
    folders: Sequence[BuildFolder],
    names: set[str],
    diff: list[str],
) -> Iterator[str]:
    """The variables that contribute to the difference."""
    for name in sorted(names):
        others = {key: value for key, value in os.environ.items() if key != name}
        try:
            differs = _compared(arguments, folders, others)[0] != diff
        except ObsError:  # it has no default, so it was set when the files were built, too
            continue
        if differs:
            yield name


class _RecordedVariables(Mapping[str, str]):
    """Variables that record the names under which a value was read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._variables[name]
        self.read.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)
