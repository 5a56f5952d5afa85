"""Files of others, read with a limit: one that never ends, or never begins, is refused."""

import os
import stat
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1_000_000
_CHUNK: Final = 1 << 18
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # opening a FIFO does not wait


class FileRefused(ValueError):  # noqa: N818  says what happened
    """A file that is not read; the message says why, without the name."""


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of a regular file of at most `most` bytes. Raises FileRefused and OSError."""
    handle = os.open(path, _FLAGS)
    try:
        return read_open(handle, most)
    finally:
        os.close(handle)


def read_open(handle: int, most: int) -> bytes:
    """As read_bounded, of a file that is open."""
    about = os.fstat(handle)
    if stat.S_ISDIR(about.st_mode):
        raise FileRefused("is a folder")
    if not stat.S_ISREG(about.st_mode):
        raise FileRefused("is not a regular file")
    parts: list[bytes] = []
    size = 0
    while size <= most and (part := os.read(handle, _CHUNK)):
        parts.append(part)
        size += len(part)
    if size > most:
        raise FileRefused(f"is larger than {most / MEGABYTE:g} MB")
    return b"".join(parts)
