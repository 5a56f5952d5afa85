"""What counts as personal, and what is left alone on purpose."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from obs.errors import BadInput
from obs.privacy.assigned import assigned
from obs.privacy.detectors import ALL, BY_NAME, Detector, Piece, apart, pieces
from obs.privacy.names import WORDS, kind_by_name
from obs.privacy.tokens import OWN

Path = tuple[str | int, ...]
"""Where a value is: the names of the fields and the places in the lists on the way to it."""

FIELD: Final = "field"
"""The kind of what a rule of one's own names."""


@dataclass(frozen=True)
class Rules:
    """`fields`: names of fields that are personal, too. `allow`: paths that are left alone, as
    `data.items[].email`, with `*` for a part of a name. `leave`: kinds that are not looked for.

    Raises BadInput for a kind that does not exist.
    """

    fields: frozenset[str] = frozenset()
    allow: tuple[str, ...] = ()
    leave: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        known = {*BY_NAME, *WORDS}
        if unknown := sorted(self.leave - known):
            raise BadInput(
                f"privacy: {unknown[0]}: no such kind; choose from {', '.join(sorted(known))}"
            )

    def kind_of(self, name: str) -> str | None:
        """What the name of a field says of its value."""
        if self.fields and name.lower() in self._own_fields:
            return FIELD
        if name.endswith("]") and OWN.search(name):
            return None
        kind = kind_by_name(name)
        return None if kind in self.leave else kind

    def kind_of_many(self, name: str) -> str | None:
        """The same of a field that holds a list or an object: `emails` as well."""
        kind = self.kind_of(name)
        return self.kind_of(name[:-1]) if kind is None and name.endswith("s") else kind

    def found_in(self, text: str) -> list[Piece]:
        """What a text holds, by its form or by a name in front of it."""
        if len(text) < SHORTEST and not _TELLS.search(text):
            return []
        found = [*pieces(text, self._detectors), *assigned(text, self.kind_of)]
        return apart(found) if found else found

    def allows(self, path: Path) -> bool:
        """Whether what is at a path is left alone."""
        return bool(self.allow) and self._allowed.fullmatch(_plain(path)) is not None

    @cached_property
    def _own_fields(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.fields)

    @cached_property
    def _detectors(self) -> tuple[Detector, ...]:
        return tuple(each for each in ALL if each.name not in self.leave)

    @cached_property
    def _allowed(self) -> re.Pattern[str]:
        return re.compile("|".join(_as_pattern(glob) for glob in self.allow))


DEFAULT: Final = Rules()
SHORTEST: Final = 14
"""Characters of what has neither a digit nor a sign: the shortest is of basic authentication."""
_TELLS: Final = re.compile(r"[\d@%:=]")


def _as_pattern(glob: str) -> str:
    return "[^.]*".join(map(re.escape, glob.split("*")))


def _plain(path: Iterable[str | int]) -> str:
    parts = ("[]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")
