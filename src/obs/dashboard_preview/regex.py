"""Regular expressions of dashboards, with a limit of time."""

import atexit
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from obs.dashboard_preview import regex_worker

SECONDS: Final = 1.0  # of processor time, for all texts of one request
_SHOWN: Final = 80
_MOST_SLOW: Final = 8  # in a minute
_MINUTE: Final = 60.0


class UnknownRegex(ValueError):  # noqa: N818  the name reads well in an except clause
    """A regular expression that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Found:
    """The groups of a match, without the whole."""

    groups: tuple[str | None, ...]
    named: Mapping[str, str | None]

    @property
    def first(self) -> str | None:
        """The text of the first group; None where no group matched."""
        return (self.groups[0] or "") if any(each is not None for each in self.groups) else None


@dataclass(frozen=True, slots=True)
class Regex:
    """An expression in Python's grammar. Every method raises UnknownRegex."""

    body: str
    flags: int
    written: str
    """As the dashboard has it."""

    def check(self) -> None:
        """Whether it can be used at all."""
        self.search_all(())

    def search(self, text: str) -> Found | None:
        """The first match; remembered, as values repeat."""
        return _search(self, text)

    def search_all(self, texts: Sequence[str]) -> list[Found | None]:
        """The first match in each text."""
        answers = _WORKER.ask(self, texts, None)
        return [None if each is None else Found(tuple(each[0]), each[1]) for each in answers]

    def replaced(self, text: str, replacement: str) -> str:
        """The text with its first match replaced, by a template of Python."""
        return str(_WORKER.ask(self, (text,), replacement)[0])


@lru_cache(8192)
def _search(regex: Regex, text: str) -> Found | None:
    return regex.search_all((text,))[0]


class _Worker:
    """The process that runs them, started when it is needed; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._slow: deque[tuple[float, Regex]] = deque(maxlen=256)

    def ask(self, regex: Regex, texts: Sequence[str], replacement: str | None) -> list[Any]:
        """The answer of the process. Raises UnknownRegex."""
        with self._lock:
            self._refuse_slow(regex)
            request = [SECONDS, regex.body, regex.flags, list(texts), replacement]
            line = self._exchange(json.dumps(request))
            if not line:
                self._slow.append((time.monotonic(), regex))
                self.close()
                raise _too_slow(regex)
        answer = json.loads(line)
        if isinstance(answer, str):
            raise unknown(regex.written, answer)
        return list(answer)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _refuse_slow(self, regex: Regex) -> None:
        if any(each == regex for _, each in self._slow):
            raise _too_slow(regex)
        since = time.monotonic() - _MINUTE
        if sum(at > since for at, _ in self._slow) >= _MOST_SLOW:
            raise unknown(
                regex.written, "is not tried, because others took too long in this minute"
            )

    def _exchange(self, request: str) -> str:
        """The answer; empty where the process ended."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  our own script, requests on its input
                [sys.executable, "-I", "-S", str(Path(regex_worker.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return ""
        return self._process.stdout.readline()


def _too_slow(regex: Regex) -> UnknownRegex:
    return unknown(regex.written, f"takes longer than {SECONDS:g} s")


def unknown(written: str, why: str) -> UnknownRegex:
    """The error about an expression as the dashboard has it."""
    shown = written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"
    return UnknownRegex(f"the regular expression {shown}: {why}")


_WORKER: Final = _Worker()
atexit.register(_WORKER.close)
