"""An error that nobody foresaw, in one line: what it is and where, without its text.

The text of a library's error may be what it was given: an answer with credentials in it.
"""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from obs import __version__
from obs.errors import SourceError
from obs.redaction.text import one_line, redacted

_LOG: Final = logging.getLogger(__name__)
_PACKAGE: Final = Path(__file__).parent
_REPORT: Final = f"please report it, with this line and the version (obs {__version__})"
_LONGEST_LINE: Final = 500  # characters of a line of a traceback
_MOST_LINES: Final = 200  # of a traceback; those in the middle are left out


def in_one_line(error: BaseException) -> str:
    """`KeyError at obs/state.py:120 in load`: the place is the last one in obs."""
    found = traceback.extract_tb(error.__traceback__)
    ours = [each for each in found if _PACKAGE in Path(each.filename).parents]
    kind = one_line(type(error).__name__, 80)
    last = (ours or found)[-1:]
    return f"{kind} at {_place(last[0])}" if last else kind


def internal_error(error: BaseException) -> str:
    """The whole sentence for a user."""
    return f"internal error: {in_one_line(error)}; {_REPORT}"


def unforeseen(error: Exception) -> SourceError:
    """Log an error that nobody foresaw; how it counts where it happened while one was expected."""
    _LOG.error("%s", internal_error(error))
    _LOG.debug("its traceback", exc_info=error)
    return SourceError("internal", f"{type(error).__name__} in the collector; see its log")


def traceback_lines(error: BaseException) -> list[str]:
    """The traceback, redacted, one line each."""
    lines = list(_lines(error))
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES // 2], "…", *lines[-_MOST_LINES // 2 :]]
    return lines


def _lines(error: BaseException) -> Iterator[str]:
    for part in traceback.TracebackException.from_exception(error, limit=_MOST_LINES).format():
        for line in redacted(part).rstrip("\n").split("\n"):
            indent = len(line) - len(line.lstrip(" "))
            yield " " * min(indent, 20) + one_line(line, _LONGEST_LINE)


def _place(frame: traceback.FrameSummary) -> str:
    file = Path(frame.filename)
    inside = _PACKAGE in file.parents
    shown = file.relative_to(_PACKAGE.parent).as_posix() if inside else file.name
    return f"{shown}:{frame.lineno} in {frame.name}"
