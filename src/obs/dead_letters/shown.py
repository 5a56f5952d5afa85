"""What is shown of a letter: without secrets and personal data, on as many lines as it needs."""

from typing import Final

from obs.dead_letters.letter import DeadLetter
from obs.redaction.text import one_line, redacted

_LONGEST_VALUE: Final = 200  # characters of a header


def masked(text: str) -> str:
    """The text without what is recognised as a secret or as personal data."""
    return redacted(text)


def payload(letter: DeadLetter, most: int) -> tuple[str, bool]:
    """The beginning of what a letter says, masked, and whether that is all of it.

    What is not text is told by its size alone. Masked before it is cut: half a secret is one.
    """
    data = letter.content.payload if letter.content else b""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"({len(data)} bytes that are not text)", True
    shown = masked(text)
    return shown[:most], len(shown) <= most


def headers(letter: DeadLetter) -> list[tuple[str, str]]:
    """The headers, masked, each value on one line."""
    pairs = letter.content.headers if letter.content else ()
    return [(name, one_line(masked(value), _LONGEST_VALUE)) for name, value in pairs]


def line(text: str, most: int = _LONGEST_VALUE) -> str:
    """Another system's text on one line, masked."""
    return one_line(masked(text), most)
