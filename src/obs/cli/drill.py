"""obs drill."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, command, format_argument
from obs.cli.output import json_text, table
from obs.cli.parser import Parser
from obs.cli.terminal import is_quiet
from obs.errors import DONE, FOUND, BadInput

if TYPE_CHECKING:
    from obs.sandbox.drill_report import DrillReport


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    drill = command(
        commands,
        "drill",
        _drill,
        summary="Inject faults into a local system and verify that the expected alerts fire and "
        "resolve.",
        examples=[
            "obs drill consumer-stopped nats-down",
            "obs drill healthy --for 10m",
            "obs drill --list",
        ],
        found="an alert did not fire, did not resolve, or fired unexpectedly",
        exit_codes=(0, 1, 2, 3),
    )
    drill.add_argument("name", nargs="*", metavar="NAME", help="drill to run (default: all)")
    drill.add_argument("--list", action="store_true", help="list the drills and exit")
    format_argument(drill)
    drill.add_argument(
        "--for",
        dest="healthy_for",
        default="30s",
        metavar="DURATION",
        help="how long the drill `healthy` verifies that no alert fires (default: 30s)",
    )


def _drill(arguments: argparse.Namespace) -> int:
    from obs.extras import require_extra

    require_extra("demo", "obs drill")
    from obs.sandbox.drills import DRILLS, find_drill

    if arguments.list:
        _list(arguments.format)
        return DONE
    drills = [find_drill(name) for name in dict.fromkeys(arguments.name)] or list(DRILLS)
    quiet = _seconds(arguments.healthy_for)

    import asyncio

    from obs.sandbox.drills import run_drill
    from obs.sandbox.prerequisites import clear_environment

    clear_environment()
    report = _progress if sys.stderr.isatty() and not is_quiet() else _silence
    reports = [asyncio.run(run_drill(drill, report, quiet_seconds=quiet)) for drill in drills]
    print(json_text(list(map(_facts, reports))) if arguments.format == "json" else _text(reports))
    return DONE if all(report.passed for report in reports) else FOUND


def _list(form: str) -> None:
    from obs.sandbox.drills import DRILLS

    if form == "json":
        facts = [
            {"name": one.name, "does": one.description, "alerts": list(one.alerts)}
            for one in DRILLS
        ]
        print(json_text(facts))
        return
    for drill in DRILLS:
        alerts = ", ".join(drill.alerts) or "none"
        print(f"{drill.name}\n    {drill.description}\n    alerts: {alerts}")


def _facts(report: "DrillReport") -> dict[str, object]:
    return {
        "drill": report.drill,
        "passed": report.passed,
        "alerts": [
            {"alert": one.alert, "fired_seconds": one.fired, "resolved_seconds": one.resolved}
            for one in report.outcomes
        ],
        "wrong": list(report.wrong),
    }


def _text(reports: Sequence["DrillReport"]) -> str:
    rows = [("fault", "alert", "fired after", "resolved after", "verdict")]
    for report in reports:
        verdict = "passed" if report.passed else "FAILED"
        rows += [
            (report.drill, one.alert, _time(one.fired), _time(one.resolved), verdict)
            for one in report.outcomes
        ] or [(report.drill, "none", "", "", verdict)]
    wrong = [f"{report.drill}: {text}" for report in reports for text in report.wrong]
    return "\n".join([table(rows), *wrong])


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def _seconds(duration: str) -> float:
    from obs.spec.quantity import parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        raise BadInput(f"--for: {error}") from None


def _progress(text: str) -> None:
    from datetime import datetime

    print(f"{datetime.now().astimezone():%H:%M:%S}  {text}", file=sys.stderr, flush=True)


def _silence(text: str) -> None:
    """Whether to show progress: only at a terminal."""
