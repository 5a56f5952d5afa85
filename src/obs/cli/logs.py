"""The log of `obs collect`: one line for each record, as text, logfmt or JSON; without secrets."""

import logging
import re
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from obs.cli.output import json_line
from obs.failure import in_one_line, traceback_lines
from obs.logs import LONGEST_LINE, is_journal, log_to_stderr, said
from obs.redaction.text import one_line

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_LONGEST: Final = 2_000  # characters of a message
_BARE: Final = re.compile(r"(?!null\Z)[!#-<>-\[\]-~]+")  # no space, quote, = or backslash
_PRIORITIES: Final = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))  # of syslog

LogFormat = Literal["text", "logfmt", "json"]


class OneLine(logging.Formatter):
    """Formats a record as one line, whoever logs it.

    Of an exception it names the type and the place. Where the logger's level is debug, the
    traceback follows, redacted, each line indented.
    """

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; never raises."""
        record.message = _text(record)
        record.asctime = self.formatTime(record)
        return "\n  ".join([self.formatMessage(record), *_traceback(record)])


class JsonLine(logging.Formatter):
    """Formats a record as one JSON object on a line, with the same text as a plain line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; never raises."""
        entry = {
            "time": _time(record),
            "severity": record.levelname,  # as Google Cloud Logging names the level
            "logger": record.name,
            "message": _text(record),
        }
        return _fitting(lambda more: json_line(entry | _named(more)), _traceback(record))


class LogfmtLine(logging.Formatter):
    """Formats a record as pairs of logfmt on a line, with the same text as a plain line."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; never raises."""
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": _text(record),
        }
        return _fitting(
            lambda more: " ".join(f"{k}={quoted(v)}" for k, v in (entry | _named(more)).items()),
            _traceback(record),
        )


class JournalLine(logging.Formatter):
    """Puts the level before each line, as systemd's journal reads it (sd-daemon(3)): so
    `journalctl -p warning` chooses by it."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter; never raises."""
        level = next((number for at, number in _PRIORITIES if record.levelno >= at), 7)
        lines = self._inner.format(record).split("\n")
        return "\n".join(f"<{level}>{line}" for line in lines)


_FORMATTERS: Final[dict[LogFormat, Callable[[], logging.Formatter]]] = {
    "text": OneLine,
    "logfmt": LogfmtLine,
    "json": JsonLine,
}


def quoted(value: str) -> str:
    """A value of logfmt: as it is, or where a reader would misread it, quoted as in JSON."""
    return value if _BARE.fullmatch(value) else json_line(value)


def set_up_logging(level: int, form: LogFormat = "text") -> None:
    """Log to stderr; errors in threads that nothing waits for are logged as well."""
    formatter = _FORMATTERS[form]()
    log_to_stderr(level, JournalLine(formatter) if _into_journal() else formatter)
    threading.excepthook = _log_thread


def _into_journal() -> bool:
    try:
        return is_journal(sys.stderr.fileno())
    except (OSError, AttributeError):  # no file of the system
        return False


def set_up_errors() -> None:
    """For commands without a log: only errors of libraries are printed, a line each."""
    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.ERROR)
        logging.lastResort.setFormatter(OneLine())


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value
    if error is not None and not isinstance(error, SystemExit):
        logging.getLogger(__name__).error("a thread ended with an internal error", exc_info=error)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def _named(traceback: Sequence[str]) -> dict[str, str]:
    return {"traceback": "\n".join(traceback)} if traceback else {}


def _fitting(written: Callable[[Sequence[str]], str], traceback: Sequence[str]) -> str:
    """The entry with the end of its traceback, as far as the line is not cut: half an object is
    none."""
    line = written(traceback)
    while traceback and len(line.encode("utf-8", "replace")) > LONGEST_LINE:
        traceback = traceback[len(traceback) // 4 + 1 :]
        line = written(["…", *traceback] if traceback else [])
    return line


def _text(record: logging.LogRecord) -> str:
    """What the record says, in one line."""
    error = record.exc_info[1] if record.exc_info else None
    message = said(record)
    if record.name == "asyncio":  # its other lines repeat the text of the exception
        message = message.partition("\n")[0]
    if error is not None:
        message = f"{message}: {in_one_line(error)}"
    return one_line(message, _LONGEST)


def _traceback(record: logging.LogRecord) -> list[str]:
    """The lines of its traceback, redacted; none unless everything is logged."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None or not logging.getLogger().isEnabledFor(logging.DEBUG):
        return []
    return list(traceback_lines(error))
