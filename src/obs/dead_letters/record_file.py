"""The file of a record: appended to, on the disk before the deed, used by one run at a time."""

import contextlib
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from obs.dead_letters.letter import DeadLetter
from obs.dead_letters.record import Book, Deed, about, line
from obs.errors import BadInput

_PRIVATE: Final = 0o600
_FOLDER: Final = "dead-letters"


def default_record(state_dir: Path, box: str) -> Path:
    """The record of a box, in the folder of the state."""
    return state_dir / _FOLDER / f"{re.sub(r'[^A-Za-z0-9_.-]', '-', box)}.jsonl"


def read_book(path: Path) -> Book:
    """What a record says, without using it; nothing where there is none. Raises BadInput."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return Book.of(file)
    except FileNotFoundError:
        return Book()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None


class RecordFile:
    """An open record. `clock` gives Unix seconds. Raises BadInput where it cannot be used."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self.run = secrets.token_hex(4)
        self._clock = clock
        self._descriptor = _opened(path)
        try:
            self.book = Book.of(_lines(self._descriptor))
            self._end_torn_line()
        except OSError as error:
            self.close()
            raise BadInput(f"{path}: cannot be used as a record: {error.strerror}") from None

    def write(self, deed: Deed, told: Iterable[tuple[DeadLetter | None, dict[str, Any]]]) -> None:
        """Write what is told of each letter; on the disk when it returns. Raises BadInput."""
        at = self._clock()
        documents = [(about(letter) if letter else {}) | fields for letter, fields in told]
        if not documents:
            return
        text = "".join(f"{line(deed, at, self.run, **each)}\n" for each in documents)
        try:
            rest = memoryview(text.encode("utf-8", "backslashreplace"))
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise BadInput(f"{self.path}: cannot be written: {error.strerror}") from None
        for each in documents:
            if "key" in each:
                self.book.add(deed, each)

    def write_each(self, deed: Deed, letters: Sequence[DeadLetter]) -> None:
        """Write the same deed of several letters."""
        self.write(deed, [(each, {}) for each in letters])

    def close(self) -> None:
        """Let another run use it."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _end_torn_line(self) -> None:
        """A kill may leave half a line: what is written next begins on one of its own."""
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        descriptor = os.open(path, flags, _PRIVATE)
        if new:
            _sync_folder(path.parent)
    except OSError as error:
        raise BadInput(f"{path}: cannot be used as a record: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise BadInput(
            f"{path}: another obs dlq uses this record; wait for it, or give --record FILE"
        ) from None
    return descriptor


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(descriptor: int) -> Iterable[str]:
    with os.fdopen(os.dup(descriptor), encoding="utf-8", errors="replace") as file:
        file.seek(0)
        yield from file
