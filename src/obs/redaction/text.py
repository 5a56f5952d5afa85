"""Text for people: without secrets, on one line, without what a terminal would obey."""

import re
from typing import Final

from obs.redaction.known import KNOWN
from obs.redaction.shapes import without_shapes

LONGEST: Final = 1_000  # characters of an error or a line
_READ: Final = 16_384
"""Characters of a longer text that are looked at: a server may say gigabytes."""
_SPARE: Final = 512
"""Characters at the end of what is looked at that are not shown: a secret may be cut there."""
_ASCII: Final = re.compile(r"[ -~]*")


def redacted(text: str) -> str:
    """The text without secrets; its lines and characters stay as they are."""
    return without_shapes(KNOWN.redact(text))


def one_line(text: str, longest: int = LONGEST) -> str:
    """The text of another system as part of a sentence: redacted, on one line, at most `longest`
    characters; `…` at the end where it was cut.

    White space becomes a single space. Other characters that are not printable are shown as JSON
    writes them (`\\u001b`): control characters, marks that change the direction of writing, halves
    of characters. Secrets go before anything is cut.
    """
    known = text[:_READ]
    cut = len(text) > _READ
    line = _printable(" ".join(redacted(known).split()))
    if cut:
        line = line[: max(len(line) - _SPARE, 0)]
    if len(line) <= longest and not cut:
        return line
    return f"{line[: longest - 1]}…"


def clean_lines(text: str, longest: int = 2 * LONGEST) -> str:
    """The same for a text of our own with several lines, each cut by itself; indents stay."""
    if len(text) <= longest and _ASCII.fullmatch(text):
        return redacted(text)
    return "\n".join(_line(each, longest) for each in redacted(text).split("\n"))


def printable(text: str) -> str:
    """The text with its line ends, for a terminal: what is not printable is shown as `\\u001b`.

    A text of JSON stays one, with the same meaning.
    """
    if text.isprintable():
        return text
    return "\n".join(map(_printable, text.split("\n")))


def _line(text: str, longest: int) -> str:
    line = _printable(text.replace("\t", " ").rstrip("\r"))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
