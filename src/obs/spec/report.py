"""Problems of a spec, one line each: `file:line: field: what is wrong; what is right`."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from obs.errors import BadInput
from obs.redaction.text import one_line
from obs.spec.tree import Fields, FilePlace, path_text

MOST_PROBLEMS: Final = 200
"""How many problems are told at once."""
_LONGEST_FIELD: Final = 300
_LONGEST_MESSAGE: Final = 2000
_LONGEST_WORD: Final = 100  # comparing longer ones takes seconds


def cut(text: str, most: int) -> str:
    """The text, or its beginning where it is longer than `most` characters."""
    return text if len(text) <= most else f"{text[:most]}…"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `line` is None and `field` empty if they do not apply. The message may quote the
    spec: it is redacted."""

    file: str
    line: int | None
    field: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", one_line(self.message))

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        field, message = cut(self.field, _LONGEST_FIELD), cut(self.message, _LONGEST_MESSAGE)
        return ": ".join(part for part in (where, field, message) if part)


class InvalidSpec(BadInput):
    """All problems of a spec; the message has one problem per line.

    `tree` is what was read of it, in the chosen environment, if anything was.
    """

    def __init__(self, problems: Iterable[Problem], tree: Fields | None = None) -> None:
        self.tree = tree
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems), key=_order))
        lines = [str(problem) for problem in self.problems[:MOST_PROBLEMS]]
        if more := len(self.problems) - len(lines):
            lines.append(f"and {more} more; correct these first")
        super().__init__("\n".join(lines))


def _order(problem: Problem) -> tuple[str, int, str, str]:
    return (problem.file, problem.line or 0, problem.field, problem.message)


def problem_at(place: FilePlace, message: str) -> Problem:
    """A problem with the value at `place`."""
    return Problem(place.file, place.line, path_text(place.path), message)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`; did you mean X?` if a choice is close to the word, else an empty string."""
    if len(word) > _LONGEST_WORD:
        return ""
    known = {choice.lower(): choice for choice in choices}
    close = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"; did you mean {known[close[0]]}?" if close else ""


def both_places(second: FilePlace, first: FilePlace) -> str:
    """The message of a duplicate at `second`, with the place of the first."""
    if first.file == second.file:
        return f"given twice; it is already on line {first.line}"
    return f"given twice; it is already at {first.file}:{first.line}"
