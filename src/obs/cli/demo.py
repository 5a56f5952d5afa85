"""obs demo."""

import argparse
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, command, format_argument
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.cli.terminal import is_quiet
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from obs.sandbox.traces import Traces


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    demo = command(
        commands,
        "demo",
        _demo,
        summary="Run a demo system on this machine: NATS, an AWS endpoint and the collector.",
        examples=[
            "obs demo",
            "obs demo --fault consumer-stopped --fault target-failing",
            "obs demo --list",
            "obs demo --otlp-traces http://localhost:4318",
        ],
        found="a process of the demo did not start, or exited",
        exit_codes=(0, 1, 2, 3),
    )
    demo.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME",
        help="inject this fault from the start; repeatable",
    )
    demo.add_argument("--list", action="store_true", help="list the faults and exit")
    format_argument(demo)
    demo.add_argument(
        "--port",
        type=int,
        metavar="NUMBER",
        help="port of the status page; 0 picks a free one (default: 9464 if free)",
    )
    demo.add_argument(
        "--for",
        dest="duration",
        metavar="DURATION",
        help="stop after this time, for example 60s (default: run until Ctrl-C)",
    )
    demo.add_argument(
        "--otlp-traces",
        metavar="URL",
        help="export the traces of its services to this OTLP receiver (HTTP), and let its events "
        "go through EventBridge too",
    )


def _demo(arguments: argparse.Namespace) -> int:
    from obs.extras import require_extra

    require_extra("demo", "obs demo")
    from obs.sandbox.faults import find_fault

    if arguments.list:
        _list(arguments.format)
        return DONE
    faults = [find_fault(name) for name in dict.fromkeys(arguments.fault)]
    seconds = None if arguments.duration is None else _seconds(arguments.duration)
    if arguments.port is not None and not 0 <= arguments.port <= 65_535:
        raise BadInput(f"--port {arguments.port}: a port is a number from 0 to 65535")

    import asyncio

    from obs.sandbox.demo import DemoOutput, run_demo

    output = DemoOutput(_say, _event("demo"), _event("obs"))
    if is_quiet():
        output = DemoOutput(_say_the_address, _silence, _silence)
    asyncio.run(
        run_demo(
            output,
            port=arguments.port,
            faults=faults,
            seconds=seconds,
            traces=_traces(arguments.otlp_traces),
        )
    )
    return DONE


def _traces(endpoint: str | None) -> "Traces":
    from obs.extras import require_extra
    from obs.sandbox.traces import NO_TRACES, Traces

    if endpoint is None:
        return NO_TRACES
    require_extra("otlp", "obs demo --otlp-traces")
    from obs.sandbox.trace_export import exporting

    return Traces(exporting(endpoint))


def _list(form: str) -> None:
    from obs.sandbox.faults import FAULTS

    if form == "json":
        facts = [
            {"name": one.name, "does": one.description, "shows": one.symptoms} for one in FAULTS
        ]
        print(json_text(facts))
        return
    for fault in FAULTS:
        print(f"{fault.name}\n    {fault.description}\n    symptoms: {fault.symptoms}")


def _seconds(duration: str) -> float:
    from obs.spec.quantity import parse_duration

    try:
        return parse_duration(duration)
    except ValueError as error:
        raise BadInput(f"--for: {error}") from None


def _say(text: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):  # the terminal is gone: the processes must still be stopped
        print(text, flush=True)


def _say_the_address(text: str) -> None:
    """Only the first line, which is what was asked for."""
    if text.startswith("Status page"):
        _say(text)


def _silence(text: str) -> None:
    """What `--quiet` says of faults and changes."""


def _event(origin: str) -> "Callable[[str], None]":
    from datetime import datetime

    def report(text: str) -> None:
        _say(f"{datetime.now().astimezone():%H:%M:%S}  {origin:<6}{text}")

    return report
