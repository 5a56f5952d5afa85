"""The folder that holds a sandbox's files, and those left by sandboxes that were killed."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_PREFIX: Final = "obs-demo-"
_MAKING: Final = "obs-new-"  # not the prefix that is cleaned up, until the folder is locked


@contextlib.contextmanager
def own_folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder under `parent` (the system's temporary one), removed afterwards.

    It is locked while its owner lives, so that a later call can remove the folders of owners that
    were killed.
    """
    parent = parent or Path(tempfile.gettempdir())
    remove_abandoned(parent)
    made = Path(tempfile.mkdtemp(prefix=_MAKING, dir=parent))
    lock = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = made.rename(parent / made.name.replace(_MAKING, _PREFIX, 1))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def remove_abandoned(parent: Path) -> None:
    """Remove this user's folders under `parent` whose owner is dead."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
