"""What commands print passes through here: no secret, nothing that a terminal would obey."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from obs.redaction.known import KNOWN
from obs.redaction.text import printable


class PlainOutput:
    """A text stream that shows what is not printable as `\\u001b`; JSON stays valid JSON."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; secrets that were read are replaced by `…`."""
        self._stream.write(printable(KNOWN.redact(text)))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Let what is printed meanwhile, to both streams, pass through PlainOutput."""
    with (
        contextlib.redirect_stdout(_plain(sys.stdout)),
        contextlib.redirect_stderr(_plain(sys.stderr)),
    ):
        yield


def _plain(stream: TextIO) -> Any:
    return stream if isinstance(stream, PlainOutput) else PlainOutput(stream)
