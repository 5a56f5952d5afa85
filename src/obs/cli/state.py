"""obs state."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import (
    Commands,
    chosen_shard,
    chosen_spec,
    command,
    command_group,
    format_argument,
    shard_argument,
    spec_arguments,
)
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
        summary="Show what the state file holds, and those of shards, also while a collector runs.",
        examples=["obs state show --spec obs.yaml", "obs state show --dir /var/lib/obs"],
    )
    _folder_arguments(show)
    format_argument(show)
    export = command(
        actions,
        "export",
        _export,
        summary="Write the state as lines of JSON, also while a collector runs.",
        examples=["obs state export state.jsonl", "obs state export - | gzip > state.jsonl.gz"],
    )
    export.add_argument("file", metavar="FILE", help="file to write; - for the output")
    _folder_arguments(export, of_shard=True)
    taking = command(
        actions,
        "import",
        _import,
        summary="Put an export into the state of a collector that does not run.",
        examples=["obs state import state.jsonl --dir /var/lib/obs"],
    )
    taking.add_argument("file", metavar="FILE", type=Path, help="file that `export` wrote")
    _folder_arguments(taking, of_shard=True)
    compact = command(
        actions,
        "compact",
        _compact,
        summary="Give the disk back what the state of a collector that does not run has freed.",
        examples=["obs state compact --spec obs.yaml", "obs state compact --shard 2/5"],
    )
    _folder_arguments(compact, of_shard=True)


def _folder_arguments(parser: Parser, *, of_shard: bool = False) -> None:
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="state folder (default: state_dir of the spec)"
    )
    spec_arguments(parser)
    if of_shard:
        shard_argument(parser, "the state of this shard, as `obs collect --shard` keeps it")


def _base(arguments: argparse.Namespace) -> Path:
    folder: Path | None = arguments.dir
    return folder or Path(chosen_spec(arguments).system.state_dir)


def _folder(arguments: argparse.Namespace) -> Path:
    """The folder, or the shard's in it. Raises BadInput where only shards have a state there."""
    from obs.state import FILE_NAME
    from obs.state_folders import shard_folders

    base = _base(arguments)
    if shard := chosen_shard(arguments):
        return base / shard.folder
    shards = shard_folders(base)
    if shards and not (base / FILE_NAME).is_file():
        numbers = ", ".join(map(str, shards))
        raise BadInput(
            f"{base}: has the state of shards only ({numbers}); give --shard N/OF, as for collect"
        )
    return base


def _show(arguments: argparse.Namespace) -> int:
    from obs.state_folders import state_folders

    base = _base(arguments)
    found = [(_number(base, each), _facts(each)) for each in state_folders(base)]
    if arguments.format == "json":
        own = next((asdict(facts) for number, facts in found if number is None), {})
        shards = [{"shard": n, **asdict(facts)} for n, facts in found if n is not None]
        print(json_text(own | ({"shards": shards} if shards else {})))
        return DONE
    print("\n\n".join("\n".join(_lines(facts)) for _, facts in found))
    return DONE


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a state file holds: of each kind and each SLO."""

    file: str
    bytes: int
    entries: dict[str, dict[str, int]]
    ledgers: dict[str, dict[str, int]]


def _number(base: Path, folder: Path) -> int | None:
    return None if folder == base else int(folder.name.rpartition("-")[2])


def _facts(folder: Path) -> _Facts:
    from obs.state import FILE_NAME
    from obs.state_copy import copied_state

    file = folder / FILE_NAME
    with copied_state(folder) as state:
        return _Facts(
            str(file),
            file.stat().st_size,
            {kind: _sizes(state, kind) for kind in state.kinds()},
            {slo: _span(state, slo) for slo in state.ledgers()},
        )


def _lines(facts: _Facts) -> Iterator[str]:
    yield f"{facts.file}: {facts.bytes:,} bytes"
    if facts.entries:
        rows = [(k, f"{x['entries']:,}", f"{x['bytes']:,}") for k, x in facts.entries.items()]
        yield table([("KIND", "ENTRIES", "BYTES"), *rows])
    if facts.ledgers:
        rows = [(s, f"{x['buckets']:,}", _moment(x["until"])) for s, x in facts.ledgers.items()]
        yield table([("SLO", "BUCKETS", "UNTIL"), *rows])


def _sizes(state: "State", kind: str) -> dict[str, int]:
    entries = state.entries(kind)
    return {"entries": len(entries), "bytes": sum(map(len, entries.values()))}


def _span(state: "State", slo: str) -> dict[str, int]:
    buckets = state.buckets(slo)
    until = max((start + level for level, start, _, _ in buckets), default=0)
    return {"buckets": len(buckets), "until": until}


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
    """The state file itself. Raises BadInput where a collector has it, or it is damaged or of a
    later version; it stays where it is then."""
    from obs.state import FILE_NAME, open_state
    from obs.state_copy import copied_state

    if (folder / FILE_NAME).is_file():
        with copied_state(folder):
            pass
    elif not make:
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
