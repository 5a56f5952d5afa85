"""How `obs check` and `obs doctor` print what they found."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from obs.cli.output import counted, safe, table
from obs.cli.terminal import coloured, is_quiet

if TYPE_CHECKING:
    from obs.checks.finding import CheckFinding, CheckResult

_MARKS: Final = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "warned": ("!", "yellow"),
    "accepted": ("~", "grey"),
    "skipped": ("–", "grey"),
}
_UNIMPORTANT: Final = ("passed", "accepted", "skipped")

Advice = Callable[[str], str]
"""A line of advice as it is shown."""


def result_facts(results: "Sequence[CheckResult]", advice: Advice = str) -> list[dict[str, object]]:
    """The results for programs."""
    return [
        {
            "check": result.check,
            "outcome": str(result.outcome),
            "question": result.question,
            "findings": [
                {
                    "resource": finding.resource,
                    "outcome": str(finding.outcome),
                    "what": finding.what,
                    "advice": [advice(line) for line in finding.advice.splitlines()],
                }
                for finding in result.findings
            ],
            "table": [list(row) for row in result.rows],
        }
        for result in results
    ]


def result_text(results: "Sequence[CheckResult]", advice: Advice = str) -> str:
    """The results for people; with `--quiet` only what needs attention, and the summary."""
    lines = [line for result in results for line in _lines(result, advice)]
    return "\n".join([*lines, _summary(results)])


def _lines(result: "CheckResult", advice: Advice) -> Iterator[str]:
    if is_quiet() and str(result.outcome) in _UNIMPORTANT:
        return
    yield f"{_mark(str(result.outcome))} {safe(result.check)}"
    if result.rows:
        yield safe(table(result.rows, indent=4))
    for finding in result.findings:
        yield from _finding(finding, advice)


def _finding(finding: "CheckFinding", advice: Advice) -> Iterator[str]:
    outcome = str(finding.outcome)
    if is_quiet() and outcome in _UNIMPORTANT:
        return
    yield f"  {_mark(outcome)} {safe(f'{finding.resource}: {finding.what}')}"
    yield from (f"      {safe(advice(line))}" for line in finding.advice.splitlines())


def _mark(outcome: str) -> str:
    mark, colour = _MARKS[outcome]
    return coloured(mark, colour)


def _summary(results: "Sequence[CheckResult]") -> str:
    outcomes = [str(result.outcome) for result in results]
    numbers = [f"{outcomes.count(kind)} {kind}" for kind in _MARKS if outcomes.count(kind)]
    return f"{counted(len(results), 'check')}: {', '.join(numbers)}"
