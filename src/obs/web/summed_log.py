"""What clients do wrong, in at most one log line a minute for each kind of it."""

import logging
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

EVERY_SECONDS: Final = 60.0
_MOST_KINDS: Final = 50
_FRAMES: Final = 4


class SummedLog:
    """Writes the first of a kind at once, and then how many there were, once a minute.

    A kind is a sentence of ours about a client ("did not complete a request within 10 s"), never
    a text that the client sent. `flush` must be called from time to time.
    """

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._kinds: dict[str, tuple[float, int, str]] = {}  # last line, since then, last address

    def count(self, kind: str, address: str) -> None:
        """One more client has done it."""
        known = self._kinds.get(kind)
        if known is not None:
            self._kinds[kind] = known[0], known[1] + 1, address
        elif len(self._kinds) < _MOST_KINDS:
            self._kinds[kind] = self._clock(), 0, address
            self._log.warning("web: a client at %s %s", address, kind)

    def fault(self, kind: str, address: str, error: BaseException | None) -> None:
        """A mistake of ours: the first of a kind is written with where it was made.

        Not with the error's own text, in which may be what the client sent.
        """
        if kind not in self._kinds and error is not None:
            self._log.error("web: internal error, %s", _where(error))
        self.count(kind, address)

    def flush(self) -> None:
        """Write what a minute has added up; forget what has not happened for a minute."""
        now = self._clock()
        for kind, (written, more, address) in list(self._kinds.items()):
            if now - written < EVERY_SECONDS:
                continue
            if not more:
                del self._kinds[kind]
                continue
            self._kinds[kind] = now, 0, address
            self._log.warning(
                "web: %d more clients in %.0f s, the last at %s: %s",
                *(more, now - written, address, kind),
            )


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    places = (f"{Path(each.filename).name}:{each.lineno} {each.name}" for each in frames)
    return f"{type(error).__name__} in {' > '.join(places)}"
