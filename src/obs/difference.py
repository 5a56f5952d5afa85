"""The difference of two texts, bounded: comparing long ones line by line may take minutes."""

import difflib
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

_MOST_LINES: Final = 20_000


def unified(
    before: Sequence[str], after: Sequence[str], names: tuple[str, str], *, around: int = 3
) -> tuple[str, ...]:
    """A unified diff, with `around` lines beside each change; of long texts one line instead."""
    if max(len(before), len(after)) > _MOST_LINES:
        return _in_a_line(before, after, names) if before != after else ()
    found = difflib.unified_diff(before, after, *names, lineterm="", n=around)
    return tuple(map(printable, found))


def printable(line: str) -> str:
    """The line with control characters spelt out, which would move a terminal's cursor."""
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode()
        for char in line
    )


def _in_a_line(
    before: Sequence[str], after: Sequence[str], names: tuple[str, str]
) -> tuple[str, ...]:
    pairs = enumerate(zip_longest(before, after), 1)
    first = next(number for number, (one, other) in pairs if one != other)
    return (
        f"{names[0]}: {len(before)} lines; {names[1]}: {len(after)} lines; they differ from line "
        f"{first} on, and are too long to compare",
    )
