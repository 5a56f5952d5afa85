"""obs doctor."""

import argparse
from typing import TYPE_CHECKING

from obs.cli.arguments import (
    DEFAULT_SPEC,
    Commands,
    chosen_spec,
    command,
    format_argument,
    has_spec,
    spec_arguments,
    with_spec,
)
from obs.cli.findings import result_facts, result_text
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.cli.terminal import working

if TYPE_CHECKING:
    from obs.checks.finding import CheckResult


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    doctor = command(
        commands,
        "doctor",
        _doctor,
        summary="Find out what keeps obs from working: extras, rights, ports, clocks, systems.",
        examples=["obs doctor", "obs doctor --spec collectors/oms.yaml --format json"],
        found="something is wrong; each ✗ has the next command",
        exit_codes=(0, 1, 2, 3),
    )
    spec_arguments(doctor)
    format_argument(doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    from obs.doctor.catalogue import exit_code

    with working("asking every system of the spec"):
        results = _results(arguments)

    def advice(line: str) -> str:
        paths = [path for path in arguments.spec or () if path != DEFAULT_SPEC]
        return with_spec(line, paths, arguments.env)

    if arguments.format == "json":
        print(json_text(result_facts(results, advice)))
    else:
        asked = [each for each in results if str(each.outcome) != "skipped"]
        print(result_text(asked, advice))
    return exit_code(results)


def _results(arguments: argparse.Namespace) -> "list[CheckResult]":
    from obs.checks.run import run
    from obs.doctor.catalogue import CHECKS, told_once, without_spec

    if not has_spec(arguments):
        return without_spec()
    return told_once(run(chosen_spec(arguments).system, CHECKS))
