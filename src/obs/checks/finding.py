"""What a check finds, and what a check is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from obs.spec.system import System

if TYPE_CHECKING:
    from obs.checks.asking import Asking

Facts = TypeVar("Facts")
Rows = tuple[tuple[str, ...], ...]


class Outcome(StrEnum):
    """What became of one look at one resource, the least severe first."""

    SKIPPED = "skipped"
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One resource and how it is. `advice`: what to do, a command or a change a line."""

    resource: str
    outcome: Outcome
    what: str
    advice: str = ""


def right(resource: str, what: str) -> Finding:
    """The resource is as it should be."""
    return Finding(resource, Outcome.PASSED, what)


def wrong(resource: str, what: str, *advice: str) -> Finding:
    """The resource is not ready for production."""
    return Finding(resource, Outcome.FAILED, what, "\n".join(advice))


def doubtful(resource: str, what: str, *advice: str) -> Finding:
    """The resource works, or may: somebody should look at it."""
    return Finding(resource, Outcome.WARNED, what, "\n".join(advice))


def skipped(resource: str, why: str, *advice: str) -> Finding:
    """Not looked at."""
    return Finding(resource, Outcome.SKIPPED, why, "\n".join(advice))


@dataclass(frozen=True, slots=True)
class Check(Generic[Facts]):
    """One question to the live system.

    `subjects` are what is asked for it, by name; none: it is skipped, for the reason `absent`.
    `read` asks one of them and may raise SourceError; `judge` is pure. `rows`: a table of what was
    compared, the heading first.
    """

    name: str
    question: str
    subjects: Callable[[System], Sequence[str]]
    absent: str
    read: "Callable[[Asking, str], Facts]"
    judge: Callable[[System, str, Facts], Iterable[Finding]]
    rows: Callable[[System, Facts], Rows] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found. `unasked`: none of what it asks answered."""

    check: str
    question: str
    findings: tuple[Finding, ...]
    rows: Rows = ()
    unasked: bool = False

    @property
    def outcome(self) -> Outcome:
        """The most severe of its findings."""
        order = list(Outcome)
        return max(
            (finding.outcome for finding in self.findings),
            key=order.index,
            default=Outcome.SKIPPED,
        )
