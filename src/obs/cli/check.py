"""obs check."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.output import counted, json_text, safe, table
from obs.cli.parser import Parser
from obs.cli.traces import traced
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.checks.check import Check
    from obs.checks.finding import CheckResult

_MARKS: Final = {"passed": "✓", "failed": "✗", "warned": "!", "accepted": "~", "skipped": "–"}


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    check = command(
        commands,
        "check",
        _check,
        summary="Check that the live system is ready for production, and advise what to fix.",
        examples=[
            "obs check --spec collectors/oms.yaml",
            "obs check --spec collectors/oms.yaml --only eventbridge-dead-letters",
            "obs check --spec collectors/oms.yaml --format junit > readiness.xml",
        ],
        found="a check failed, or with --strict warned",
        exit_codes=(0, 1, 2, 3),
    )
    spec_arguments(check)
    check.add_argument(
        "--only", action="append", metavar="NAME", help="run only this check; repeatable"
    )
    check.add_argument("--list", action="store_true", help="list the checks and exit")
    check.add_argument("--strict", action="store_true", help="treat warnings as failures")
    check.add_argument(
        "--format",
        choices=("text", "json", "junit"),
        default="text",
        help="output format (default: text)",
    )


def _check(arguments: argparse.Namespace) -> int:
    from obs.checks.accepted import verify
    from obs.checks.catalogue import BY_NAME, CHECKS
    from obs.checks.report import junit
    from obs.checks.run import exit_code, run

    if arguments.list:
        print(table([(check.name, check.question) for check in CHECKS]))
        return DONE
    checks = _chosen(arguments.only)
    system = chosen_spec(arguments).system
    verify(system, BY_NAME)
    with traced(system, "check"):
        results = run(system, checks)
    if arguments.format == "json":
        print(json_text([_facts(result) for result in results]))
    elif arguments.format == "junit":
        print(junit(system.system, results))
    else:
        print(safe("\n".join(_lines(results))))
    return exit_code(results, strict=arguments.strict)


def _chosen(names: Sequence[str] | None) -> "Sequence[Check[object]]":
    from obs.checks.catalogue import BY_NAME, CHECKS
    from obs.spec.report import did_you_mean

    for name in names or ():
        if name not in BY_NAME:
            hint = did_you_mean(name, BY_NAME) or "; see `obs check --list`"
            raise BadInput(f"--only {name}: no such check{hint}")
    return [check for check in CHECKS if not names or check.name in names]


def _facts(result: "CheckResult") -> dict[str, object]:
    return {
        "check": result.check,
        "outcome": str(result.outcome),
        "question": result.question,
        "findings": [
            {
                "resource": finding.resource,
                "outcome": str(finding.outcome),
                "what": finding.what,
                "advice": finding.advice.splitlines(),
            }
            for finding in result.findings
        ],
        "table": [list(row) for row in result.rows],
    }


def _lines(results: "Sequence[CheckResult]") -> Iterator[str]:
    for result in results:
        yield f"{_MARKS[result.outcome]} {result.check}"
        if result.rows:
            yield table(result.rows, indent=4)
        for finding in result.findings:
            yield f"  {_MARKS[finding.outcome]} {finding.resource}: {finding.what}"
            yield from (f"      {line}" for line in finding.advice.splitlines())
    yield _summary(results)


def _summary(results: "Sequence[CheckResult]") -> str:
    outcomes = [str(result.outcome) for result in results]
    numbers = [f"{outcomes.count(kind)} {kind}" for kind in _MARKS if outcomes.count(kind)]
    return f"{counted(len(results), 'check')}: {', '.join(numbers)}"
