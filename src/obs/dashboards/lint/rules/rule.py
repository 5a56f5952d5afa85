"""What a rule is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from obs.dashboards.lint.finding import Severity
from obs.dashboards.lint.subject import Remark, Subject


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked; `summary` says what has to be so."""

    name: str
    severity: Severity
    summary: str
    check: Callable[[Subject], Iterable[Remark]]


def error(name: str, summary: str, check: Callable[[Subject], Iterable[Remark]]) -> Rule:
    """A rule whose findings are errors."""
    return Rule(name, Severity.ERROR, summary, check)


def warning(name: str, summary: str, check: Callable[[Subject], Iterable[Remark]]) -> Rule:
    """A rule whose findings are warnings."""
    return Rule(name, Severity.WARNING, summary, check)
