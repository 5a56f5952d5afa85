"""Globs as a spec writes them: `*`, `?`, `[…]` and `[!…]`; upper and lower case differ.

A wildcard in brackets is that very character: `orders[?]` is the name `orders?`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase, translate
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from typing import Final

_WILDCARD: Final = re.compile(r"[*?\[]")
_TOKEN: Final = re.compile(r"\*+|\[(?:!.|[^!])[^\]]*\]|.", re.DOTALL)
_CHARACTERS: Final = tuple(map(chr, range(0x20, 0x250)))


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether any of the globs matches the name."""
    return any(fnmatchcase(name, glob) for glob in globs)


def takes(name: str, include: Iterable[str], exclude: Iterable[str]) -> bool:
    """Whether a selection takes the name; what is excluded wins."""
    return matches(name, include) and not matches(name, exclude)


def is_plain(glob: str) -> bool:
    """Whether it stands for one name."""
    return plain_name(glob) is not None


def plain_name(glob: str) -> str | None:
    """The one name that it matches; None where it stands for whatever matches it."""
    if not _WILDCARD.search(glob):
        return glob
    characters = [_character(part) for part in _tokens(glob)]
    return None if None in characters else "".join(filter(None, characters))


def plain_names(globs: Iterable[str]) -> list[str]:
    """The names among globs."""
    return [name for glob in globs if (name := plain_name(glob)) is not None]


def escaped(name: str) -> str:
    """The glob that matches this name and no other."""
    return _WILDCARD.sub(r"[\g<0>]", name)


def fixed_prefix(glob: str) -> str:
    """What every name that the glob matches begins with; may be empty."""
    return "".join(filter(None, takewhile(bool, map(_character, _tokens(glob)))))


def may_overlap(one: str, other: str) -> bool:
    """Whether some name matches both globs."""
    return _overlap(_tokens(one), _tokens(other))


class GlobIndex:
    """One list of globs to compare many others with: plain names are looked up, not compared.

    A comparison costs the number of real globs, and of plain names with the prefix of a glob.
    """

    def __init__(self, globs: Iterable[str]) -> None:
        self.globs = tuple(globs)
        self._names = frozenset(plain_names(self.globs))
        self._wild = tuple(glob for glob in self.globs if not is_plain(glob))
        self._overlaps: dict[str, bool] = {}

    def matches(self, name: str) -> bool:
        """Whether any of the globs matches the name."""
        return name in self._names or bool(self._wild and self._any_wild.match(name))

    def overlaps(self, glob: str) -> bool:
        """Whether some name matches the glob and any of the globs."""
        name = plain_name(glob)
        if name is not None:
            return self.matches(name)
        if glob not in self._overlaps:
            self._overlaps[glob] = any(self._names_like(glob)) or any(
                may_overlap(glob, other) for other in self._wild
            )
        return self._overlaps[glob]

    def _names_like(self, glob: str) -> Iterator[str]:
        """The plain names that the glob matches; only those with its prefix are compared."""
        prefix = fixed_prefix(glob)
        like = re.compile(translate(glob))
        for place in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            name = self._sorted[place]
            if not name.startswith(prefix):
                return
            if like.match(name):
                yield name

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._names)

    @cached_property
    def _any_wild(self) -> re.Pattern[str]:
        """All real globs as one pattern: fnmatch would compile more than 256 again each time."""
        return re.compile("|".join(map(translate, self._wild)))


@lru_cache(4096)
def _tokens(glob: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(glob))


def _character(part: str) -> str | None:
    """The only character that a part of a glob matches; None where it matches others."""
    if len(part) == 1:
        return None if part in "*?" else part
    single = len(part) == 3 and part.startswith("[")
    return part[1] if single else None


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
