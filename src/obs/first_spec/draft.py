"""What was found of one platform, and what the first spec proposes for it."""

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | int | float | bool | tuple["Value", ...] | Mapping[str, "Value"]
"""What a spec may hold; a mapping keeps its order."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a source as it is written: with a comment behind it, and lines of comment below.

    `off`: it is only suggested, and written as a comment.
    """

    name: str
    value: Value
    comment: str = ""
    notes: tuple[str, ...] = ()
    off: bool = False


@dataclass(frozen=True, slots=True)
class ProposedSlo:
    """An SLO, and in `why` how its target came about. `sli` has the fields of its kind."""

    name: str
    objective: float
    kind: str
    sli: Mapping[str, Value]
    why: str
    max_objects: int = 0  # of an SLI with `by`; 0: the default


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be seen, why, and what to do: a command, or a line to change."""

    what: str
    why: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A source and what is proposed for it. `saw` says what is there, for people."""

    kind: str
    name: str
    fields: tuple[Field, ...]
    saw: str
    slos: tuple[ProposedSlo, ...] = ()
    unseen: tuple[Unseen, ...] = ()
