"""A rule, and how its severity is set."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from obs.dashboard_lint.finding import Severity
from obs.dashboard_lint.subject import Remark, Subject


@dataclass(frozen=True, slots=True)
class LintRule:
    """One check; `summary` states what it requires."""

    name: str
    severity: Severity
    summary: str
    check: Callable[[Subject], Iterable[Remark]]


def error(name: str, summary: str, check: Callable[[Subject], Iterable[Remark]]) -> LintRule:
    """A rule whose findings are errors."""
    return LintRule(name, Severity.ERROR, summary, check)


def warning(name: str, summary: str, check: Callable[[Subject], Iterable[Remark]]) -> LintRule:
    """A rule whose findings are warnings."""
    return LintRule(name, Severity.WARNING, summary, check)
