"""The standard streams of a command: those that are missing, and one that takes nothing more."""

import errno
import os
import sys
from typing import Final

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def open_missing_streams() -> None:
    """Put /dev/null where the process was started without a standard stream (`>&-`).

    Python has None for it then, and the next file that is opened would get its number: what prints
    would write into that.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def is_full(error: OSError) -> bool:
    """Whether a disk takes nothing more, which may be the one that the output goes to."""
    return error.errno in _FULL


def give_up_output() -> None:
    """Keep what is left from being written, which the interpreter tries again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
