"""A folder, and files in it under names that others may have written.

Names come from manifests and journals. None leads out of the folder: not by its text, and not by a
link in its place, even one that appears between two steps: each part is opened from the part above
it, without following links. The path of the folder itself is the user's, and may have links.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from obs.errors import BadInput
from obs.files import MEGABYTE, UnreadableFile, read_open

LARGEST: Final = 32 * MEGABYTE  # of a file that obs writes
_LONGEST_SHOWN: Final = 80
_INSIDE: Final = os.O_CLOEXEC | os.O_NOFOLLOW
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_NO_LINK: Final = "is a link, which obs does not follow; delete it, or put a file in its place"


def wrong_name(name: str) -> str:
    """Why this is no name of a file below a folder, with / between folders; empty where it is."""
    if any(not char.isprintable() for char in name) or "\\" in name or ":" in name:
        return "has characters that no file of obs has in its name"
    if name.startswith("/") or any(part in ("", ".", "..") for part in name.split("/")):
        return "leads out of the folder"
    return ""


def shown(name: str) -> str:
    """A name of others, in quotes and on one line."""
    text = json.dumps(name)
    return text if len(text) <= _LONGEST_SHOWN else f'{text[:_LONGEST_SHOWN]}…"'


class Folder:
    """One folder. Every method raises OSError, and BadInput for a name or file that is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, most: int = LARGEST) -> str | None:
        """The text of a file; None where there is none. Bytes that are not UTF-8 are replaced."""
        try:
            with self._reached(name) as (here, leaf):
                handle = os.open(leaf, os.O_RDONLY | os.O_NONBLOCK | _INSIDE, dir_fd=here)
                try:
                    return read_open(handle, most).decode("utf-8", errors="replace")
                finally:
                    os.close(handle)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except UnreadableFile as refused:
            raise BadInput(f"{self.path / name}: {refused}; delete it") from None

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            with self._reached(name) as (here, leaf):
                about = os.stat(leaf, dir_fd=here, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        if not stat.S_ISREG(about.st_mode):
            raise BadInput(f"{self.path / name}: is not a regular file; delete it")
        return True

    def write(self, texts: Mapping[str, str]) -> None:
        """Replace files atomically, with the permissions that they had.

        All are written under temporary names before the first is moved into its place.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            for name, text in texts.items():
                with self._reached(name, create=True) as (here, leaf):
                    _write_new(_temporary(leaf), text, _mode(leaf, here), here)
            for name in texts:
                with self._reached(name) as (here, leaf):
                    os.replace(_temporary(leaf), leaf, src_dir_fd=here, dst_dir_fd=here)
        finally:
            for name in texts:
                self._tidy(name)

    def remove(self, name: str) -> None:
        """Delete a file, if there is one."""
        with suppress(FileNotFoundError, NotADirectoryError), self._reached(name) as (here, leaf):
            os.unlink(leaf, dir_fd=here)

    def is_same(self, name: str, other: str) -> bool:
        """Whether two names are one file, as where a file system knows no small letters."""
        found = []
        for each in (name, other):
            with suppress(OSError), self._reached(each) as (here, leaf):
                found.append(os.stat(leaf, dir_fd=here, follow_symlinks=False))
        return len(found) == 2 and os.path.samestat(*found)

    @contextmanager
    def _reached(self, name: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """The open folder in which a file is, and the file's name there."""
        if why := wrong_name(name):
            raise BadInput(f"{self.path}: the name {shown(name)} {why}")
        *folders, leaf = name.split("/")
        here = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for number, each in enumerate(folders, 1):
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(each, dir_fd=here)
                self._refuse_link("/".join(folders[:number]), each, here)
                below = os.open(each, os.O_RDONLY | os.O_DIRECTORY | _INSIDE, dir_fd=here)
                os.close(here)
                here = below
            self._refuse_link(name, leaf, here)
            yield here, leaf
        except OSError as error:
            error.filename = str(self.path / name)  # not the part of it that was opened
            raise
        finally:
            os.close(here)

    def _refuse_link(self, name: str, leaf: str, here: int) -> None:
        """For the words only: what is opened after this follows no link either."""
        with suppress(FileNotFoundError):
            if stat.S_ISLNK(os.stat(leaf, dir_fd=here, follow_symlinks=False).st_mode):
                raise BadInput(f"{self.path / name}: {_NO_LINK}")

    def _tidy(self, name: str) -> None:
        with suppress(OSError, BadInput), self._reached(name) as (here, leaf):
            os.unlink(_temporary(leaf), dir_fd=here)


def _temporary(leaf: str) -> str:
    return f".{leaf}.{os.getpid()}"


def _mode(leaf: str, here: int) -> int | None:
    """The permissions of a file; None where there is none."""
    with suppress(FileNotFoundError):
        return os.stat(leaf, dir_fd=here, follow_symlinks=False).st_mode & 0o777
    return None


def _write_new(name: str, text: str, mode: int | None, here: int) -> None:
    """A file that was not there: what is in its place is no longer, whatever it links to."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=here)
    handle = os.open(name, _NEW | _INSIDE, 0o666, dir_fd=here)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        if mode is not None:
            os.fchmod(handle, mode)
