"""What the actions of obs dlq have in common: a box that is closed, rights, times, signals."""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from obs.dead_letters.box import Box
    from obs.dead_letters.kinds import Choice, Opening
    from obs.spec.system import System

_EVERY: Final = 2.0  # seconds between two lines of progress


class Ending:
    """Whether the user ends the run: SIGINT or SIGTERM, which a second one does at once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let signals end the run meanwhile."""
        before = {each: signal.signal(each, self._end) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    @property
    def is_near(self) -> bool:
        """Whether the user said so."""
        return self._event.is_set()

    def now(self) -> float:
        """Seconds of a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> bool:
        """Wait; True at once where the run ends."""
        return self._event.wait(seconds)

    def _end(self, *_: object) -> None:
        if self._event.is_set():
            raise KeyboardInterrupt
        self._event.set()


class Lines:
    """Lines of progress on a terminal, now and then."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._shows = sys.stderr.isatty()

    def tell(self, line: str) -> None:
        """Print a line, unless the last one was a moment ago."""
        if self._shows and time.monotonic() - self._at >= _EVERY:
            self._at = time.monotonic()
            print(line, file=sys.stderr)


@contextmanager
def opened(choice: "Choice", opening: "Opening") -> Iterator["Box"]:
    """The box, closed afterwards. An error of a missing right says which command prints them."""
    box = choice.box.open(opening)
    with choice.kind.naming_rights():
        try:
            yield box
        finally:
            box.close()


def record_path(arguments: argparse.Namespace, system: "System", box: str) -> Path:
    """The record that is given, or the box's own."""
    from obs.dead_letters.record_file import default_record

    return arguments.record or default_record(Path(system.state_dir), box)


def moment(at: float | None) -> str:
    """A time (Unix seconds) in UTC; `unknown` without one."""
    if at is None:
        return "unknown"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def written(at: float | None) -> str | None:
    """A time as JSON documents have it."""
    if at is None:
        return None
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def tell(notes: Any, warnings: Any = ()) -> None:
    """Notes and warnings, for people."""
    for each in notes:
        print(f"note: {each}", file=sys.stderr)
    for each in warnings:
        print(f"warning: {each}", file=sys.stderr)
