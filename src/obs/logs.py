"""Log lines that never block who writes them, and repeated ones summed.

A pipe that nobody reads blocks its writer for good; on the event loop that would be polls, scrapes
and SIGTERM. So lines go into a bounded queue, from which a thread of its own writes them. What does
not fit is dropped and counted, and told when the reader is back.
"""

import logging
import os
import select
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from obs.redaction.text import one_line

QUEUED_BYTES: Final = 1_000_000
"""What waits for a reader at most; a line more is dropped."""
LONGEST_LINE: Final = 20_000
"""Bytes of one entry, its traceback included; the rest is cut."""
SAME_LINES: Final = 3
"""How often the same line is written within a minute before it is summed."""
SUMMED_SECONDS: Final = 60.0
_REMEMBERED: Final = 200  # different lines
_KEY: Final = 500  # characters by which lines are told apart
_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_TICK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """What a log entry says: its level (of `logging`), who logs it, and its text."""

    level: int
    logger: str
    text: str

    def record(self) -> logging.LogRecord:
        """As a record that a formatter takes."""
        return logging.LogRecord(self.logger, self.level, "", 0, self.text, None, None)


class RepeatedLines:
    """Which lines are written: of the same line a few a minute, then one with their number.

    Only the last lines are remembered, so that memory is bounded. Calls come from one thread at a
    time.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: OrderedDict[Line, tuple[float, int]] = OrderedDict()  # begun, how often
        self._ended: list[Line] = []

    def passes(self, line: Line) -> bool:
        """Whether this line is written now; else it is counted for `sums`."""
        # Secrets go before it is cut: half of one would not be known for what it is.
        line = replace(line, text=one_line(line.text, _KEY))
        begun, number = self._seen.get(line, (self._monotonic(), 0))
        self._seen[line] = (begun, number + 1)
        if len(self._seen) > _REMEMBERED:
            self._end(next(iter(self._seen)))
        return number < SAME_LINES

    def sums(self, *, ending: bool = False) -> list[Line]:
        """A line for each one that was counted and whose minute has passed; at the end, for all."""
        before = self._monotonic() - SUMMED_SECONDS
        for line, (begun, _) in list(self._seen.items()):
            if ending or begun <= before:
                self._end(line)
        ended, self._ended = self._ended, []
        return ended

    def _end(self, line: Line) -> None:
        _, number = self._seen.pop(line)
        if (more := number - SAME_LINES) > 0:
            times = "once more" if more == 1 else f"{more} times more"
            summed = f"{line.text} ({times} within {SUMMED_SECONDS:g} s)"
            self._ended.append(replace(line, text=summed))


def dropped(number: int) -> str:
    """What is said of lines that could not be written."""
    lines = "1 log line was" if number == 1 else f"{number} log lines were"
    return f"{lines} dropped: they were not read in time, or could not be written"


class LogWriter:
    """Writes lines to a file descriptor in a thread of its own."""

    def __init__(
        self,
        descriptor: int,
        *,
        queued_bytes: int = QUEUED_BYTES,
        told: Callable[[int], str] = dropped,
    ) -> None:
        """`told`: the line about so many that were dropped."""
        self.dropped = 0
        self._told = told
        self._descriptor = descriptor
        self._most = queued_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._untold = 0
        self._changed = threading.Condition()
        self._writing = False
        self._on_tick: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def start(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Begin to write; `on_tick` is called about once a second, in its thread."""
        self._on_tick = on_tick
        self._thread.start()

    def put(self, line: str) -> None:
        """Queue a line; never waits for the reader."""
        data = line.encode("utf-8", "backslashreplace")
        if len(data) > LONGEST_LINE:
            data = data[:LONGEST_LINE] + b" ... (cut)"
        with self._changed:
            if self._bytes + len(data) > self._most:
                self._drop(1)
                return
            self._lines.append(data + b"\n")
            self._bytes += len(data) + 1
            self._changed.notify_all()

    def flush(self, within: float) -> bool:
        """Wait until all is written, at most `within` seconds; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._lines or self._writing), within)

    def _run(self) -> None:
        ticked = time.monotonic()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines, _TICK)
                line = self._take()
            if line is not None:
                written = self._write(line)
                with self._changed:
                    self._writing = False
                    if not written:
                        self._drop(1)
                    self._changed.notify_all()
                if written:
                    self._tell_dropped()
            if time.monotonic() - ticked >= _TICK:
                ticked = time.monotonic()
                self._on_tick()

    def _take(self) -> bytes | None:
        if not self._lines:
            return None
        line = self._lines.popleft()
        self._bytes -= len(line)
        self._writing = True
        return line

    def _drop(self, number: int) -> None:
        self.dropped += number
        self._untold += number

    def _tell_dropped(self) -> None:
        """There is a reader again, or room on the disk."""
        with self._changed:
            untold, self._untold = self._untold, 0
        if untold:
            self._write(f"{self._told(untold)}\n".encode("utf-8", "backslashreplace"))

    def _write(self, line: bytes) -> bool:
        """Write all of a line, however long its reader takes; False where there is none."""
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # of a descriptor that another process set to be so
                select.select([], [self._descriptor], [], _TICK)
            except OSError:  # closed by its reader, or the disk is full
                return False
        return True


class _Handler(logging.Handler):
    """Gives formatted records to a writer."""

    def __init__(self, writer: LogWriter, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._writer = writer
        self._repeated = RepeatedLines()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = Line(record.levelno, record.name, said(record))
            if self._repeated.passes(line):
                self._writer.put(self.format(record))
        except Exception:  # noqa: BLE001  a line that cannot be formatted must not stop a poll
            self._put(Line(logging.ERROR, record.name, "a log line cannot be formatted"))

    def write_sums(self, *, ending: bool = False) -> None:
        """Write the sums of repeated lines that are due."""
        self.acquire()
        try:
            sums = self._repeated.sums(ending=ending)
        finally:
            self.release()
        for line in sums:
            self._put(line)

    def _put(self, line: Line) -> None:
        self._writer.put(self.format(line.record()))


def said(record: logging.LogRecord) -> str:
    """The message of a record; never raises."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  arguments that do not fit: the formatter deals with them
        return str(record.msg)


_writer: LogWriter | None = None
_handler: _Handler | None = None


def log_to_stderr(level: int, formatter: logging.Formatter | None = None) -> None:
    """From now on the log of the process goes to standard error, and blocks nobody.

    Where that is no file of the system, as in a program that reads it itself, it goes there as is.
    """
    global _writer, _handler  # noqa: PLW0603  the log is one for the process
    form = formatter or logging.Formatter(_FORMAT)

    def told(number: int) -> str:
        return form.format(Line(logging.WARNING, __name__, dropped(number)).record())

    try:
        _writer = LogWriter(sys.stderr.fileno(), told=told)
    except (OSError, AttributeError):
        plain = logging.StreamHandler()
        plain.setFormatter(form)
        logging.basicConfig(level=level, handlers=[plain], force=True)
    else:
        _handler = _Handler(_writer, form)
        _writer.start(_handler.write_sums)
        logging.basicConfig(level=level, handlers=[_handler], force=True)
    logging.captureWarnings(capture=True)


def is_journal(descriptor: int, variables: Mapping[str, str] = os.environ) -> bool:
    """Whether what is written there goes to systemd's journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return variables.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def end_log(within: float = 1.0) -> None:
    """Write what is queued, as far as its reader takes it in time."""
    if _writer and _handler:
        _handler.write_sums(ending=True)
        _writer.flush(within)


def dropped_lines() -> int:
    """Log lines that this process could not write."""
    return _writer.dropped if _writer else 0
