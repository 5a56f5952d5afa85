"""obs state."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, command_group, spec_arguments
from obs.cli.output import counted, json_text, table
from obs.cli.parser import Parser
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.state import State


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "state",
        summary="Look into the state file of a collector, move it, make it smaller.",
        examples=["obs state show", "obs state export state.jsonl", "obs state compact"],
    )
    show = command(
        actions,
        "show",
        _show,
        summary="Show what the state file holds, also while a collector runs.",
        examples=["obs state show --spec obs.yaml", "obs state show --dir /var/lib/obs"],
    )
    _folder_arguments(show)
    show.add_argument(
        "--format", choices=("text", "json"), default="text", help="output format (default: text)"
    )
    export = command(
        actions,
        "export",
        _export,
        summary="Write the state as lines of JSON, also while a collector runs.",
        examples=["obs state export state.jsonl", "obs state export - | gzip > state.jsonl.gz"],
    )
    export.add_argument("file", metavar="FILE", help="file to write; - for the output")
    _folder_arguments(export)
    taking = command(
        actions,
        "import",
        _import,
        summary="Put an export into the state of a collector that does not run.",
        examples=["obs state import state.jsonl --dir /var/lib/obs"],
    )
    taking.add_argument("file", metavar="FILE", type=Path, help="file that `export` wrote")
    _folder_arguments(taking)
    compact = command(
        actions,
        "compact",
        _compact,
        summary="Give the disk back what the state of a collector that does not run has freed.",
        examples=["obs state compact --spec obs.yaml"],
    )
    _folder_arguments(compact)


def _folder_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="state folder (default: state_dir of the spec)"
    )
    spec_arguments(parser)


def _folder(arguments: argparse.Namespace) -> Path:
    folder: Path | None = arguments.dir
    return folder or Path(chosen_spec(arguments).system.state_dir)


def _show(arguments: argparse.Namespace) -> int:
    from obs.state import FILE_NAME
    from obs.state_copy import copied_state

    folder = _folder(arguments)
    with copied_state(folder) as state:
        kinds = {kind: _sizes(state, kind) for kind in state.kinds()}
        ledgers = {slo: _span(state, slo) for slo in state.ledgers()}
    size = (folder / FILE_NAME).stat().st_size
    if arguments.format == "json":
        facts = {
            "file": str(folder / FILE_NAME),
            "bytes": size,
            "entries": {k: {"entries": n, "bytes": b} for k, (n, b) in kinds.items()},
            "ledgers": {s: {"buckets": n, "until": end} for s, (n, end) in ledgers.items()},
        }
        print(json_text(facts))
        return DONE
    print(f"{folder / FILE_NAME}: {size:,} bytes")
    if kinds:
        rows = [(kind, f"{n:,}", f"{b:,}") for kind, (n, b) in kinds.items()]
        print(table([("KIND", "ENTRIES", "BYTES"), *rows]))
    if ledgers:
        rows = [(slo, f"{n:,}", _moment(end)) for slo, (n, end) in ledgers.items()]
        print(table([("SLO", "BUCKETS", "UNTIL"), *rows]))
    return DONE


def _sizes(state: "State", kind: str) -> tuple[int, int]:
    entries = state.entries(kind)
    return len(entries), sum(map(len, entries.values()))


def _span(state: "State", slo: str) -> tuple[int, int]:
    buckets = state.buckets(slo)
    return len(buckets), max((start + level for level, start, _, _ in buckets), default=0)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if at else ""


def _export(arguments: argparse.Namespace) -> int:
    from obs.state_copy import copied_state
    from obs.state_export import exported

    with copied_state(_folder(arguments)) as state:
        if arguments.file == "-":
            sys.stdout.writelines(line.decode() for line in exported(state))
        else:
            _write(Path(arguments.file), exported(state))
    return DONE


def _write(path: Path, lines: Iterator[bytes]) -> None:
    """Under another name first: a file that is there stays whole whatever happens."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(lines)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from None


def _import(arguments: argparse.Namespace) -> int:
    from obs.state_export import take

    try:
        file = arguments.file.open("rb")
    except OSError as error:
        raise BadInput(f"{arguments.file}: cannot be read: {error.strerror}") from None
    with file, _opened(_folder(arguments), make=True) as state:
        entries, ledgers = take(state, file, str(arguments.file))
        if not state.flush():
            raise BadInput(f"{_folder(arguments)}: cannot be written")
    print(f"{counted(entries, 'entry', 'entries')}, {counted(ledgers, 'ledger')}")
    return DONE


def _compact(arguments: argparse.Namespace) -> int:
    from obs.state import FILE_NAME

    folder = _folder(arguments)
    file = folder / FILE_NAME
    before = file.stat().st_size if file.is_file() else 0
    with _opened(folder, make=False) as state:
        state.compact()
    print(f"{file}: {before:,} → {file.stat().st_size:,} bytes")
    return DONE


@contextmanager
def _opened(folder: Path, *, make: bool) -> "Iterator[State]":
    """The state file itself. Raises BadInput where a collector has it, or it is damaged."""
    from obs.state import FILE_NAME, open_state

    if not make and not (folder / FILE_NAME).is_file():
        raise BadInput(f"{folder}: has no state file {FILE_NAME}; give --dir")
    faults: list[str] = []
    state = open_state(folder, faults.append)
    try:
        if faults or state.is_in_memory:
            raise BadInput(
                f"{folder / FILE_NAME}: is damaged, of a later version, or cannot be written"
            )
        yield state
    finally:
        state.close()
