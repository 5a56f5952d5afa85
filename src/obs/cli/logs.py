"""The log of `obs collect`: one line for each record, plain or as JSON, without secrets."""

import json
import logging
import threading
from datetime import UTC, datetime
from typing import Final

from obs.failure import in_one_line, traceback_lines
from obs.logs import log_to_stderr
from obs.redaction.text import one_line

_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_LONGEST: Final = 2_000  # characters of a message


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
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry = {
            "time": at.replace("+00:00", "Z"),
            "severity": record.levelname,  # as Google Cloud Logging names the level
            "logger": record.name,
            "message": _text(record),
        }
        if lines := _traceback(record):
            entry["traceback"] = "\n".join(lines)
        return json.dumps(entry, ensure_ascii=False)


def set_up_logging(level: int, *, as_json: bool = False) -> None:
    """Log to stderr; errors in threads that nothing waits for are logged as well."""
    log_to_stderr(level, JsonLine() if as_json else OneLine())
    threading.excepthook = _log_thread


def set_up_errors() -> None:
    """For commands without a log: only errors of libraries are printed, a line each."""
    if logging.lastResort is not None:
        logging.lastResort.setLevel(logging.ERROR)
        logging.lastResort.setFormatter(OneLine())


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value
    if error is not None and not isinstance(error, SystemExit):
        logging.getLogger(__name__).error("a thread ended with an internal error", exc_info=error)


def _text(record: logging.LogRecord) -> str:
    """What the record says, in one line."""
    error = record.exc_info[1] if record.exc_info else None
    message = _message(record)
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


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  arguments that do not fit: a library's mistake, no reason to fail
        return str(record.msg)
