"""What a check is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, FindingRows
from obs.errors import SourceError
from obs.spec.system import System

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Check(Generic[Facts]):
    """One question to the live system.

    `subjects` are the names of the systems to read; without any the check is skipped, for the
    reason `absent`. `read` queries one of them and may raise SourceError; `judge` is pure.
    `rows`: a table of what was compared, the heading first. `place`: lower ones are shown first,
    equal ones by their source's kind. `advise`: what to do where a subject cannot be read, a
    command or a change a line; empty: the usual advice.
    """

    name: str
    question: str
    subjects: Callable[[System], Sequence[str]]
    absent: str
    read: Callable[[CheckContext, str], Facts]
    judge: Callable[[System, str, Facts], Iterable[CheckFinding]]
    rows: Callable[[System, Facts], FindingRows] | None = None
    place: int = 30
    advise: Callable[[System, str, SourceError], str] | None = None
