"""This machine: the port to listen on, the folder of the state, and how many files may be open."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.checks.http_live import collector_at, read_status
from obs.errors import BadInput, SourceError
from obs.spec.system import System
from obs.state_file import FILE_NAME
from obs.web.limits import open_file_limit, places
from obs.web.listener import bound
from obs.web.server import listen_problem, parse_listen

_FEW_FILES: Final = 1_024
_LEAST_ROOM: Final = 100_000_000  # bytes: ten times the state of a large system
_ANOTHER: Final = "obs collect --listen 127.0.0.1:0"


@dataclass(frozen=True, slots=True)
class PortFacts:
    """Why the address cannot be listened on, empty where it can; the system of a collector that
    does so already, empty where none answers there."""

    problem: str
    collector: str


def read_port(system: System) -> PortFacts:
    """Tries to listen, for a moment."""
    problem = port_problem(system.outputs.web.listen)
    serving = ""
    if problem:
        with suppress(SourceError, BadInput):
            serving = read_status(collector_at(system)).system
    return PortFacts(problem, serving)


def port_problem(listen: str) -> str:
    """Why an address cannot be listened on, for people; empty where it can."""
    return asyncio.run(_problem(listen))


async def _problem(listen: str) -> str:
    try:
        sockets = await bound(*parse_listen(listen))
    except BadInput as error:
        return str(error)
    except OSError as error:
        return listen_problem(error)
    try:
        for each in sockets:
            each.listen(1)
    except OSError as error:
        return listen_problem(error)
    finally:
        for each in sockets:
            each.close()
    return ""


def judge_port(system: System, listen: str, found: PortFacts) -> Iterator[CheckFinding]:
    """Whether a collector could listen there, or does."""
    if not found.problem:
        yield right(listen, "is free to listen on")
    elif found.collector == system.system:
        yield right(listen, "a collector of this system listens there already")
    elif found.collector:
        yield wrong(listen, f"a collector of system {found.collector} listens there", _ANOTHER)
    else:
        yield wrong(listen, found.problem, _ANOTHER)


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """Why the folder cannot be written to, empty where it can; and its free bytes."""

    problem: str
    free: int


def read_folder(path: Path) -> FolderFacts:
    """Writes a file and removes it; where the folder is not there yet, in the one above it."""
    there = path.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    problem = ""
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        problem = f"{there} cannot be written to: {error.strerror}"
    file = path / FILE_NAME
    if not problem and file.exists() and not os.access(file, os.R_OK | os.W_OK):
        problem = f"{file} belongs to another user"
    return FolderFacts(problem, shutil.disk_usage(there).free)


def judge_folder(folder: str, found: FolderFacts) -> Iterator[CheckFinding]:
    """Whether the state can be kept there."""
    room = f"{found.free / 1e9:,.1f} GB free"
    if found.problem:
        yield wrong(
            folder,
            f"{found.problem}: counters and error budgets would not survive a restart",
            f"sudo chown -R {os.geteuid()} {folder}",
            "or name another folder in the spec: state_dir",
        )
    elif found.free < _LEAST_ROOM:
        yield doubtful(folder, f"can be written to, but has only {room}", f"df -h {folder}")
    else:
        yield right(folder, f"can be written to, {room}")


def judge_files(limit: int) -> Iterator[CheckFinding]:
    """Whether enough files may be open: each connection of a client is one."""
    if 0 <= limit < _FEW_FILES:
        served = places(limit).total
        yield doubtful(
            "open files",
            f"{limit} may be open, so only {served} clients are served at a time",
            "ulimit -n 4096",
        )
    else:
        yield right("open files", f"{'any number' if limit < 0 else limit} may be open")


def read_files() -> int:
    """How many files this process may open; negative for any number."""
    return open_file_limit()
