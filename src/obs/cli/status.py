"""obs status."""

import argparse
import shutil
import sys
import time
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.parser import Parser
from obs.cli.terminal import note
from obs.errors import DONE, FOUND, BadInput, SourceError

if TYPE_CHECKING:
    from obs.spec.stacks import Reached
    from obs.web.status import Status

_UNCUT = 10_000  # columns, where the output is no terminal


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    status = command(
        commands,
        "status",
        _status,
        summary="Show the status page of a running collector in the terminal.",
        examples=[
            "obs status --spec collectors/oms.yaml",
            "obs status --url http://localhost:9464 --watch",
            "obs status --filter 'orders stalled'",
        ],
        found="something needs attention",
        exit_codes=(0, 1, 2, 3),
    )
    spec_arguments(status)
    status.add_argument(
        "--url",
        metavar="URL",
        help="address of the collector (default: checks.collector of the spec, else where it "
        "listens)",
    )
    status.add_argument(
        "--filter", default="", metavar="WORDS", help="show only consumers that match all words"
    )
    status.add_argument("--watch", action="store_true", help="show it again, until interrupted")
    status.add_argument(
        "--every",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="interval of --watch (default: 5)",
    )
    status.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="output format; json is what the collector sends (default: text)",
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 3_600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to 3600")
    return value


def _status(arguments: argparse.Namespace) -> int:
    collector = _collector(arguments)
    if not arguments.watch:
        return _show(collector, arguments)
    while True:
        try:
            _show(collector, arguments)
        except SourceError as error:  # the collector may be restarting
            print(error, file=sys.stderr)
        sys.stdout.flush()
        time.sleep(arguments.every)


def _collector(arguments: argparse.Namespace) -> "Reached":
    from pydantic import ValidationError

    from obs.checks.http_live import collector_at
    from obs.spec.report import InvalidSpec
    from obs.spec.stacks import Reached

    if not arguments.url:
        try:
            return collector_at(chosen_spec(arguments).system)
        except InvalidSpec:  # also while a running collector refuses this very spec
            note("a collector that runs goes on with the spec before: obs status --url URL")
            raise
    try:
        return Reached.model_validate({"url": arguments.url, "timeout": "10s"})
    except ValidationError as error:
        raise BadInput(f"--url: {error.errors()[0]['msg']}") from None


def _show(collector: "Reached", arguments: argparse.Namespace) -> int:
    from obs.checks.http_live import read_document
    from obs.clients.http import without_user
    from obs.sources.kinds import KINDS, on_page
    from obs.web.page.content import Filter
    from obs.web.page.terminal import lines
    from obs.web.status import UNREADABLE, decode_whole

    document = read_document(collector)
    rows = {name: row for kind in KINDS for name, row in kind.rows().items()}
    try:
        status = decode_whole(document, rows)
    except UNREADABLE:
        where = without_user(collector.url)
        raise SourceError("decode", f"{where}: not a collector's status document") from None
    if arguments.format == "json":
        print(document.decode())
    else:
        kinds = on_page(status, Filter(arguments.filter))
        for line in lines(status, kinds, status.generated_at, _width(), lambda text, _: text):
            print(line)
    return _code(status)


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNCUT


def _code(status: "Status") -> int:
    return DONE if status.verdict.level == "ok" else FOUND
