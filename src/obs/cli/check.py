"""obs check."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.findings import result_facts, result_text
from obs.cli.output import json_text, table
from obs.cli.parser import Parser
from obs.cli.terminal import working
from obs.cli.traces import traced
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.checks.check import Check


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
    with working("reading the live system"), traced(system, "check"):
        results = run(system, checks)
    if arguments.format == "json":
        print(json_text(result_facts(results)))
    elif arguments.format == "junit":
        print(junit(system.system, results))
    else:
        print(result_text(results))
    return exit_code(results, strict=arguments.strict)


def _chosen(names: Sequence[str] | None) -> "Sequence[Check[object]]":
    from obs.checks.catalogue import BY_NAME, CHECKS
    from obs.spec.report import did_you_mean

    for name in names or ():
        if name not in BY_NAME:
            hint = did_you_mean(name, BY_NAME) or "; see `obs check --list`"
            raise BadInput(f"--only {name}: no such check{hint}")
    return [check for check in CHECKS if not names or check.name in names]
