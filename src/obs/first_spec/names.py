"""Names for what the spec has to name: made from names of others, and unique."""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import combining, normalize

from obs.spec.model import LONGEST_NAME

_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L"}
)
"""Letters that have no accent to leave out."""
_DEFAULT: Final = "events"


def spec_name(text: str, longest: int = LONGEST_NAME) -> str:
    """A name as a spec has them, close to the text; empty where nothing is left of it."""
    plain = "".join(
        each for each in normalize("NFD", text.translate(_LETTERS)) if not combining(each)
    )
    name = _NO_NAME.sub("-", plain).lstrip("_.-")[:longest]
    return name.rstrip("_.-")


def system_name(folder: str) -> str:
    """The name of a system that is described in a folder of this name."""
    return spec_name(folder) or _DEFAULT


class UniqueNames:
    """Gives each text a name of its own, with a number behind it where two would be the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, parts: Iterable[str], *endings: str) -> str:
        """`PARTS-ENDING`, of which the parts are cut where it would be too long."""
        begin = "-".join(filter(None, map(spec_name, parts))) or "unnamed"
        number = 1
        while True:
            end = "".join(f"-{each}" for each in (*endings, *[str(number)] * (number > 1)))
            name = spec_name(begin, LONGEST_NAME - len(end)) + end
            if name.lower() not in self._taken:
                self._taken.add(name.lower())
                return name
            number += 1
