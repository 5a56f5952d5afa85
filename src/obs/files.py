"""Files that others name, read without trusting them: no pipe, no device, no end."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1_000_000
SMALL: Final = MEGABYTE
"""Bytes that a file with a secret, a certificate or settings has at most."""

_CHUNK: Final = 1 << 18

_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


class UnreadableFile(Exception):  # noqa: N818  reads as a sentence where it is raised
    """Why a file is not read, to follow its path: `is a pipe; a regular file is needed`."""


def read_file(path: Path, most: int = SMALL) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises UnreadableFile. Opening a pipe does not wait for a writer.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UnreadableFile(_why(error)) from None
    try:
        return read_open(descriptor, most)
    finally:
        os.close(descriptor)


def read_open(descriptor: int, most: int) -> bytes:
    """As read_file, of a file that is open and stays so."""
    if why := _unusable(os.fstat(descriptor), most):
        raise UnreadableFile(why)
    parts: list[bytes] = []
    size = 0
    try:
        # The size that it tells may be wrong: it may have grown, or be one of procfs.
        while size <= most and (part := os.read(descriptor, _CHUNK)):
            parts.append(part)
            size += len(part)
    except OSError as error:
        raise UnreadableFile(_why(error)) from None
    if size > most:
        raise UnreadableFile(_too_large(most))
    return b"".join(parts)


def unusable(path: Path, most: int = SMALL) -> str:
    """Why a file that is there cannot be meant: it is no regular file, or too large.

    Empty for a file that is not there, or that cannot be looked at: who reads it says so.
    """
    try:
        return _unusable(path.stat(), most)
    except (OSError, ValueError):
        return ""


def _unusable(found: os.stat_result, most: int) -> str:
    if not stat.S_ISREG(found.st_mode):
        what = next((words for check, words in _KINDS if check(found.st_mode)), "no file")
        return f"is {what}; a regular file is needed"
    return _too_large(most) if found.st_size > most else ""


def _too_large(most: int) -> str:
    return f"is larger than {most / MEGABYTE:g} MB, so it cannot be the file that is meant"


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):  # a NUL in the path
        return "cannot be read: not a path"
    if error.errno == errno.ENXIO:
        return "is a socket; a regular file is needed"
    return f"cannot be read: {error.strerror}"
