"""What commands print passes through here: no secret, nothing that a terminal would obey.

Colours and progress are the exception, for terminals only: `colour` marks what is to be coloured
with characters that mean nothing elsewhere, and they become the terminal's here, or nothing.
"""

import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TextIO

from obs.redaction.known import KNOWN
from obs.redaction.text import printable, redacted

_COLOURS: Final = {"red": 31, "green": 32, "yellow": 33, "grey": 90, "bold": 1}
_FIRST: Final = 0xF0B50  # of a private plane: no text has these
_END: Final = chr(_FIRST)
_BEGIN: Final = {name: chr(_FIRST + 1 + at) for at, name in enumerate(_COLOURS)}
_SEQUENCES: Final = {
    _END: "\x1b[0m",
    **{_BEGIN[name]: f"\x1b[{number}m" for name, number in _COLOURS.items()},
}
_MARKERS: Final = re.compile(f"([{_END}-{chr(_FIRST + len(_COLOURS))}])")
_PLACE: Final = re.compile(r"^\S{1,200}?:[0-9]{1,7}:", re.MULTILINE)
_WIDEST: Final = 100
# The other screen, no cursor, no lines that go on in the next; and back.
_SCREEN: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_SCREEN_BACK: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_CLEAR_LINE: Final = "\x1b[2K"


class PlainOutput:
    """A text stream that shows what is not printable as `\\u001b`; JSON stays valid JSON.

    `colours`: what `coloured` has marked is coloured. `quiet`: whoever prints notes may ask.
    """

    def __init__(
        self, stream: TextIO, redact: Callable[[str], str], *, colours: bool = False
    ) -> None:
        self._stream = stream
        self._redact = redact
        self.colours = colours
        self.quiet = False

    def write(self, text: str) -> int:
        """Write a text, redacted."""
        self._stream.write(self._for_terminal(text))
        return len(text)

    def show(self, text: str) -> None:
        """Show a text in place of what was shown so, for a terminal."""
        line = printable(self._redact(" ".join(text.split())))[:_WIDEST]
        self._stream.write(f"\r{line}\x1b[K\r" if line else "\r\x1b[K")
        self._stream.flush()

    def redraw(self, lines: Sequence[str]) -> None:
        """Show lines in place of the whole screen; those that do not fit are counted."""
        height = shutil.get_terminal_size().lines
        if len(lines) > height:
            rest = len(lines) - height + 1
            lines = [*lines[: height - 1], f"… {rest} more lines: make the window higher"]
        shown = (f"{_CLEAR_LINE}{self._for_terminal(each)}" for each in lines)
        self._stream.write("\x1b[H" + "\n".join(shown) + "\x1b[J")
        self._stream.flush()

    def take_screen(self, take: bool) -> None:
        """Leave what the terminal shows aside, or bring it back."""
        self._stream.write(_SCREEN if take else _SCREEN_BACK)
        self._stream.flush()

    def _for_terminal(self, text: str) -> str:
        return "".join(map(self._shown, _MARKERS.split(self._redact(text))))

    def _shown(self, part: str) -> str:
        if part in _SEQUENCES:
            return _SEQUENCES[part] if self.colours else ""
        return printable(part)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def coloured(text: str, colour: str) -> str:
    """The text, in a colour where it is printed on a terminal: red, green, yellow, grey, bold."""
    if not any(getattr(stream, "colours", False) for stream in (sys.stdout, sys.stderr)):
        return text
    return f"{_BEGIN[colour]}{text}{_END}"


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


def set_quiet(quiet: bool) -> None:
    """Whether `note` and `working` print nothing from now on (`--quiet`)."""
    if isinstance(sys.stderr, PlainOutput):
        sys.stderr.quiet = quiet


def is_quiet() -> bool:
    """Whether only results and errors are wanted."""
    return bool(getattr(sys.stderr, "quiet", False))


def note(text: str) -> None:
    """Print what is no result and no error on stderr, unless `--quiet` was given."""
    if not is_quiet():
        print(text, file=sys.stderr)


def say(text: str) -> None:
    """Print that something is done, or is as it should be, unless `--quiet` was given."""
    if not is_quiet():
        print(text, flush=True)


def diff_coloured(line: str) -> str:
    """A line of a unified diff, what is added in green and what is removed in red."""
    colours = {"+": "green", "-": "red", "@": "grey"}
    return coloured(line, colours[line[0]]) if line[:1] in colours else line


def located(message: str) -> str:
    """An error's lines, the place of each (`obs.yaml:6:`) in bold."""
    return _PLACE.sub(lambda place: coloured(place[0], "bold"), message)


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal's stderr what takes a while, and remove it again."""
    out = sys.stderr
    if not isinstance(out, PlainOutput) or out.quiet or not out.isatty():
        yield
        return
    out.show(f"{what} …")
    try:
        yield
    finally:
        out.show("")


@contextlib.contextmanager
def screen() -> Iterator[Callable[[Sequence[str]], None] | None]:
    """The whole of a terminal: gives what shows lines in place of those before. In the end, also by
    SIGTERM or SIGHUP, what the terminal showed is back. None where stdout is no such terminal."""
    out = sys.stdout
    if not isinstance(out, PlainOutput) or not out.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    ending = {each: signal.signal(each, _end) for each in (signal.SIGTERM, signal.SIGHUP)}
    out.take_screen(True)
    try:
        yield out.redraw
    finally:
        with contextlib.suppress(OSError):  # a terminal that was closed
            out.take_screen(False)
        for signum, before in ending.items():
            signal.signal(signum, before)


def _end(signum: int, _: object) -> None:
    raise SystemExit(128 + signum)


def _plain(stream: TextIO, redact: Callable[[str], str]) -> Any:
    if isinstance(stream, PlainOutput):
        return stream
    return PlainOutput(stream, redact, colours=_takes_colours(stream))


def _takes_colours(stream: TextIO) -> bool:
    """Whether it is a terminal with colours, and nobody asks for none: https://no-color.org."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()
