"""What commands print passes through here: no secret, nothing that a terminal would obey."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from obs.redaction.known import KNOWN
from obs.redaction.text import printable, redacted


class PlainOutput:
    """A text stream that shows what is not printable as `\\u001b`; JSON stays valid JSON."""

    def __init__(self, stream: TextIO, redact: Callable[[str], str]) -> None:
        self._stream = stream
        self._redact = redact

    def write(self, text: str) -> int:
        """Write a text, redacted."""
        self._stream.write(printable(self._redact(text)))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Let what is printed meanwhile pass through PlainOutput.

    Output may have what only looks like a secret, as an example; messages on stderr never do.
    """
    with (
        contextlib.redirect_stdout(_plain(sys.stdout, KNOWN.redact)),
        contextlib.redirect_stderr(_plain(sys.stderr, redacted)),
    ):
        yield


def _plain(stream: TextIO, redact: Callable[[str], str]) -> Any:
    return stream if isinstance(stream, PlainOutput) else PlainOutput(stream, redact)
