"""How many columns of a terminal a text takes, and texts made to fit into so many."""

from typing import Final
from unicodedata import combining, east_asian_width

_MARK: Final = "…"  # where something is left out


def columns(text: str) -> int:
    """The columns that a text takes: Chinese characters and emoji two each, accents none."""
    return len(text) if text.isascii() else sum(map(_wide, text))


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, the last of them `…` where it was longer."""
    return text if columns(text) <= width else _begin(text, width - 1) + _MARK


def shortened(text: str, width: int) -> str:
    """The text in at most `width` columns, its middle left out where it was longer.

    What tells names apart is often at their end, and so is the place of a row.
    """
    if columns(text) <= width:
        return text
    end = _begin(text[::-1], (width - 1) // 2)[::-1]
    return _begin(text, width - 1 - columns(end)) + _MARK + end


def padded(text: str, width: int, *, right: bool = False) -> str:
    """The text with spaces behind it, or before it, up to `width` columns."""
    spaces = " " * (width - columns(text))
    return spaces + text if right else text + spaces


def _begin(text: str, width: int) -> str:
    """As many characters from the begin as fit."""
    left = width
    for index, character in enumerate(text):
        left -= _wide(character)
        if left < 0:
            return text[:index]
    return text


def _wide(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
