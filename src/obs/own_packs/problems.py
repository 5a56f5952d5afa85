"""What is wrong with a pack, at the place in its file."""

from dataclasses import dataclass
from typing import Protocol

from obs.packs.pack import Pack
from obs.spec.report import Problem


class Place(Protocol):
    """Makes the problem of a message about what a pack declares.

    `kind` is `alerts` or `pages`, or `page` for a part of one; `field` is one of the thing's.
    """

    def __call__(self, message: str, kind: str, name: str, field: str = "") -> Problem: ...


@dataclass(frozen=True, slots=True)
class Read:
    """What a pack's file holds. Without a pack there are problems. `place`: of what it declares."""

    pack: Pack | None
    problems: tuple[Problem, ...]
    place: Place
