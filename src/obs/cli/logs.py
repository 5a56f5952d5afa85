"""The log of `obs collect`: one plain line for each record, without secrets."""

import logging
import threading
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
        error = record.exc_info[1] if record.exc_info else None
        message = _message(record)
        if record.name == "asyncio":  # its other lines repeat the text of the exception
            message = message.partition("\n")[0]
        if error is not None:
            message = f"{message}: {in_one_line(error)}"
        record.message = one_line(message, _LONGEST)
        record.asctime = self.formatTime(record)
        line = self.formatMessage(record)
        if error is not None and logging.getLogger().isEnabledFor(logging.DEBUG):
            line = "\n  ".join([line, *traceback_lines(error)])
        return line


def set_up_logging(level: int) -> None:
    """Log to stderr; errors in threads that nothing waits for are logged as well."""
    log_to_stderr(level, OneLine())
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


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  arguments that do not fit: a library's mistake, no reason to fail
        return str(record.msg)
