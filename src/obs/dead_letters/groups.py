"""Dead letters grouped by cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from obs.dead_letters.letter import DeadLetter


class Why(NamedTuple):
    """What the letters of a group have in common."""

    cause: str
    origin: str
    target: str


@dataclass(slots=True)
class Group:
    """Letters of one cause; times in Unix seconds. `gone`: how many have no content any more."""

    why: Why
    letters: int = 0
    gone: int = 0
    oldest: float | None = None
    newest: float | None = None
    example: str = ""
    id: str = ""

    def add(self, letter: DeadLetter) -> None:
        """Count a letter."""
        self.letters += 1
        self.gone += bool(letter.gone)
        self.id = self.id or letter.id
        self.example = self.example or letter.detail
        if letter.at is not None:
            self.oldest = letter.at if self.oldest is None else min(self.oldest, letter.at)
            self.newest = letter.at if self.newest is None else max(self.newest, letter.at)


def grouped(letters: Iterable[DeadLetter]) -> list[Group]:
    """The groups, the largest first."""
    groups: dict[Why, Group] = {}
    for each in letters:
        why = Why(each.cause, each.origin, each.target)
        groups.setdefault(why, Group(why)).add(each)
    return sorted(groups.values(), key=lambda group: (-group.letters, group.why))
