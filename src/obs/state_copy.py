"""The state file of a collector that may be running, read without disturbing it.

A collector holds its file exclusively, so nobody else can open it with SQLite. What can be done is
to copy its bytes, with the log of writes beside it: SQLite makes one moment of them, as after a
power failure. Where the collector moved writes from the log into the file meanwhile, the copy may
be of two moments: then it is made again.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from obs.errors import BadInput
from obs.state import FILE_NAME, State, open_state
from obs.state_file import SQLITE_ERRORS, LaterVersion, is_damage, open_file

_LOG: Final = f"{FILE_NAME}-wal"
_HEADER: Final = 32  # bytes of the log: its salt is another one after each time it was emptied
_TRIES: Final = 10
_PAUSE: Final = 0.1  # seconds

_Stamp = tuple[int, int, int, bytes]


@contextmanager
def copied_state(folder: Path) -> Iterator[State]:
    """The state in `folder` as it was last saved; a copy, removed at the end of the block.

    Raises BadInput where there is none, or it cannot be read or is damaged.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise BadInput(
            f"{folder}: has no state file {FILE_NAME}; give the state_dir of a collector"
        )
    with tempfile.TemporaryDirectory(prefix="obs-state-") as copy:
        try:
            _copy(folder, Path(copy))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
        _check(Path(copy) / FILE_NAME, path)
        faults: list[str] = []
        state = open_state(Path(copy), faults.append)
        try:
            if faults:
                raise BadInput(f"{path}: is damaged, of a later version, or no state file")
            yield state
        finally:
            state.close()


def _check(copy: Path, path: Path) -> None:
    """Raises BadInput where the copy is no state file that this version reads: opening one as a
    collector does would set it aside, and log that under the name of the copy."""
    try:
        open_file(copy).close()
    except LaterVersion as error:
        raise BadInput(f"{path}: is {error}") from None
    except SQLITE_ERRORS as error:
        if is_damage(error):
            raise BadInput(f"{path}: is damaged, or no state file") from None
        raise


def _copy(folder: Path, into: Path) -> None:
    for _ in range(_TRIES):
        before = _stamp(folder)
        for name in (FILE_NAME, _LOG):
            (into / name).unlink(missing_ok=True)
            if (folder / name).exists():
                shutil.copyfile(folder / name, into / name)
        if _stamp(folder) == before:
            return
        time.sleep(_PAUSE)
    raise BadInput(f"{folder / FILE_NAME}: is being written all the time; try again")


def _stamp(folder: Path) -> _Stamp:
    """Changes when something moves from the log into the file; not when the log grows."""
    found = (folder / FILE_NAME).stat()
    try:
        with (folder / _LOG).open("rb") as log:
            header = log.read(_HEADER)
    except FileNotFoundError:
        header = b""
    return found.st_ino, found.st_mtime_ns, found.st_size, header
