"""Arguments that several commands share, and how a command is declared."""

import argparse
import os
import shlex
import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obs.cli.parser import Parser
from obs.errors import BAD_INPUT, BROKEN_PIPE, DONE, FOUND, INTERRUPTED, UNAVAILABLE, BadInput

if TYPE_CHECKING:
    from obs.spec.load import Spec
    from obs.spec.shard import Shard

Commands = argparse._SubParsersAction  # the type argparse returns has no public name
Run = Callable[[argparse.Namespace], int]

DEFAULT_SPEC: Final = Path("obs.yaml")
DRIFTED: Final = "with --check: the files differ from what the spec builds"
"""What exit code 1 means for commands that build files."""

EXIT_CODES: Final = {
    DONE: "done",
    FOUND: "found something",
    BAD_INPUT: "bad input",
    UNAVAILABLE: "a system it needs did not answer",
    INTERRUPTED: "interrupted",
    BROKEN_PIPE: "the reader of its output went away",
}


def command(
    commands: "Commands[Parser]",
    name: str,
    run: Run,
    *,
    summary: str,
    examples: Sequence[str],
    found: str = "",
    exit_codes: Sequence[int] = (0, 2),
) -> Parser:
    """The parser of a command; its help ends with examples and exit codes.

    `found` is the meaning of exit code 1.
    """
    meanings = {**EXIT_CODES, **({1: found} if found else {})}
    lines = ["examples:", *(f"  {example}" for example in examples)]
    lines += ["", "exit codes:", *(f"  {code:<3} {meanings[code]}" for code in exit_codes)]
    parser = commands.add_parser(
        name,
        help=summary[0].lower() + summary[1:].rstrip("."),
        description=summary,
        epilog="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, command=parser.prog)
    parser.add_argument(
        *("-q", "--quiet"),
        action="store_true",
        default=argparse.SUPPRESS,  # one before the action of a group holds for it
        help="print results and errors only: no notes, no progress",
    )
    return parser


def command_group(
    commands: "Commands[Parser]",
    name: str,
    *,
    summary: str,
    examples: Sequence[str],
    found: str = "",
    exit_codes: Sequence[int] = (0, 2),
) -> "Commands[Parser]":
    """A command that only holds others, to which they are added; alone it prints its help."""
    parser = command(
        commands,
        name,
        lambda arguments: show_help(parser),
        summary=summary,
        examples=examples,
        found=found,
        exit_codes=exit_codes,
    )
    return parser.add_subparsers(title="actions", metavar="ACTION")


def show_help(parser: argparse.ArgumentParser) -> int:
    """Prints the help to stdout; returns the exit code."""
    parser.print_help()
    return DONE


def spec_arguments(parser: argparse.ArgumentParser, *, default: bool = True) -> None:
    """--spec and --env, for commands that read a spec, or without `default` only one given."""
    parser.add_argument(
        "--spec",
        action="append",
        type=Path,
        metavar="PATH",
        help="spec file, or directory of spec files; repeatable, parts are merged "
        f"(default: {'$OBS_SPEC, else obs.yaml' if default else 'none'})",
    )
    parser.add_argument("--env", metavar="NAME", help="environment of the spec to use")


def format_argument(parser: argparse.ArgumentParser) -> None:
    """--format, for commands that print a result."""
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="output format (default: text)"
    )


def shard_argument(parser: argparse.ArgumentParser, help: str) -> None:
    """--shard, for commands on the part of a system that one shard has."""
    parser.add_argument("--shard", metavar="N/OF", help=help)


def chosen_shard(arguments: argparse.Namespace) -> "Shard | None":
    """What --shard names; `pod/5` by this machine's name. Raises BadInput."""
    from obs.spec.shard import parsed_shard

    return parsed_shard(arguments.shard, socket.gethostname()) if arguments.shard else None


class _SourceKinds(Iterable[str]):
    """The kinds of source, read when they are needed: the frame loads no models."""

    def __iter__(self) -> Iterator[str]:
        from obs.spec.sources import SOURCE_KINDS

        return iter(SOURCE_KINDS)

    def __contains__(self, kind: object) -> bool:
        return kind in tuple(self)


def only_argument(parser: argparse.ArgumentParser, help: str) -> None:
    """--only, for commands that may leave kinds of source out."""
    parser.add_argument(
        "--only",
        action="append",
        metavar="KIND",
        choices=_SourceKinds(),
        help=f"{help} (%(choices)s); repeatable (default: all)",
    )


def source_kinds(arguments: argparse.Namespace) -> Collection[str]:
    """The kinds that --only names, or all."""
    return tuple(arguments.only or _SourceKinds())


def spec_paths(arguments: argparse.Namespace) -> list[Path]:
    """The spec files to read. Raises BadInput where none is given and obs.yaml does not exist."""
    if arguments.spec:
        return list(arguments.spec)
    if from_environment := os.environ.get("OBS_SPEC"):
        return [Path(from_environment)]
    if DEFAULT_SPEC.is_file():
        return [DEFAULT_SPEC]
    raise BadInput(
        f"no spec: give --spec FILE, set OBS_SPEC, or write {DEFAULT_SPEC} with `obs init`"
    )


def has_spec(arguments: argparse.Namespace) -> bool:
    """Whether a spec is given, or there is one where it is looked for."""
    return bool(arguments.spec or os.environ.get("OBS_SPEC")) or DEFAULT_SPEC.is_file()


def chosen_spec(
    arguments: argparse.Namespace, variables: Mapping[str, str] | None = None
) -> "Spec":
    """The spec that --spec and --env choose, expanded with these variables (default: those of
    the process). Raises InvalidSpec.
    """
    from obs.spec.load import read_spec

    return read_spec(spec_paths(arguments), env=arguments.env, variables=variables)


def with_spec(line: str, paths: Iterable[Path], env: str | None = None) -> str:
    """A line of advice; where it is a command of obs, with the options that choose the spec."""
    if not line.startswith("obs ") or line.startswith(("obs init", "obs demo")):
        return line
    options = [word for path in paths for word in ("--spec", str(path))]
    options += ["--env", env] if env else []
    return f"{line} {shlex.join(options)}" if options else line
