"""Globs as a spec writes them: `*`, `?`, `[…]` and `[!…]`, upper and lower case told apart."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase, translate
from functools import cache
from typing import Final

_TOKEN: Final = re.compile(r"\*+|\[!?\]?[^\]]*\]|.", re.DOTALL)
_CHARACTERS: Final = tuple(map(chr, range(0x20, 0x250)))


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether any of the globs matches the name."""
    return any(fnmatchcase(name, glob) for glob in globs)


def takes(name: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether a selection takes the name; what is excluded wins."""
    return matches(name, include) and not matches(name, exclude)


def may_overlap(one: str, other: str) -> bool:
    """Whether some name matches both globs."""
    return _overlap(tuple(_TOKEN.findall(one)), tuple(_TOKEN.findall(other)))


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Walks both patterns at once, over the pairs of positions that are reachable."""
    reached, todo = {(0, 0)}, [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, i, other, j):
            if step not in reached:
                reached.add(step)
                todo.append(step)
    return False


def _steps(
    one: tuple[str, ...], i: int, other: tuple[str, ...], j: int
) -> Iterable[tuple[int, int]]:
    here = one[i] if i < len(one) else None
    there = other[j] if j < len(other) else None
    if here is not None and here.startswith("*"):
        yield i + 1, j
        if there is not None:
            yield i, j + 1
    elif there is not None and there.startswith("*"):
        yield i, j + 1
        if here is not None:
            yield i + 1, j
    elif here is not None and there is not None and _share(here, there):
        yield i + 1, j + 1


@cache
def _share(one: str, other: str) -> bool:
    """Whether two patterns of one character have a character in common."""
    if len(one) == 1 and one != "?":
        return fnmatchcase(one, other) if other != one else True
    if len(other) == 1 and other != "?":
        return fnmatchcase(other, one)
    first, second = re.compile(translate(one)), re.compile(translate(other))
    return any(first.match(char) and second.match(char) for char in _CHARACTERS)
