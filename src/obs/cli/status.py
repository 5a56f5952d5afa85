"""obs status."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.parser import Parser
from obs.cli.terminal import coloured, note, screen
from obs.errors import DONE, FOUND, UNAVAILABLE, BadInput, SourceError

if TYPE_CHECKING:
    from obs.spec.stacks import Reached
    from obs.web.page.content import Tone
    from obs.web.page.terminal_several import Answer
    from obs.web.status import Status

_UNCUT = 10_000  # columns, where the output is no terminal
_COLOURS: Final = {"good": "green", "warn": "yellow", "bad": "red"}
_AT_ONCE: Final = 16  # collectors that are asked


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is printed, and the exit code."""

    lines: Sequence[str]
    code: int


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
            "obs status --url http://shard-1:9464 --url http://shard-2:9464",
            "obs status --filter 'orders stalled'",
        ],
        found="something needs attention",
        exit_codes=(0, 1, 2, 3, 130),
    )
    spec_arguments(status)
    status.add_argument(
        "--url",
        metavar="URL",
        action="append",
        help="address of the collector; repeatable: of several, such as shards, the health of "
        "each and what needs attention (default: checks.collector of the spec, else where it "
        "listens)",
    )
    status.add_argument(
        "--filter", default="", metavar="WORDS", help="show only consumers that match all words"
    )
    status.add_argument(
        "--watch",
        action="store_true",
        help="show it again in place, until Ctrl-C; not on a terminal: one below the other",
    )
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
    collectors = _collectors(arguments)
    if len(collectors) > 1 and arguments.filter:
        raise BadInput("--filter: consumers are shown of one collector; give one --url")
    if arguments.watch:
        _watch(collectors, arguments)
    shown = _shown(collectors, arguments)
    for line in shown.lines:
        print(line)
    return shown.code


def _watch(collectors: "Sequence[Reached]", arguments: argparse.Namespace) -> None:
    """Show it again and again; ends by an exception only, as Ctrl-C is one."""
    as_json = arguments.format == "json"
    last: Sequence[str] = ()
    with screen() as redraw:
        while True:
            try:
                last = _shown(collectors, arguments).lines
            except SourceError as error:  # the collector may be restarting
                if redraw and not as_json:
                    redraw([coloured(_cut(f"{_now()}  {error}"), "red"), "", *last])
                else:
                    print(error, file=sys.stderr)
            else:
                if redraw and not as_json:
                    redraw(last)
                else:
                    print("\n".join([*last, *([] if as_json else [f"\n--- {_now()} ---"])]))
            sys.stdout.flush()
            time.sleep(arguments.every)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _cut(text: str) -> str:
    from obs.web.page.columns import cut

    return cut(text, _width())


def _collectors(arguments: argparse.Namespace) -> "list[Reached]":
    from obs.checks.http_live import collector_at
    from obs.spec.report import InvalidSpec

    if arguments.url:
        return [_reached(url) for url in arguments.url]
    try:
        return [collector_at(chosen_spec(arguments).system)]
    except InvalidSpec:  # also while a running collector refuses this very spec
        note("a collector that runs goes on with the spec before: obs status --url URL")
        raise


def _reached(url: str) -> "Reached":
    from pydantic import ValidationError

    from obs.spec.stacks import Reached

    try:
        return Reached.model_validate({"url": url, "timeout": "10s"})
    except ValidationError as error:
        raise BadInput(f"--url: {error.errors()[0]['msg']}") from None


def _shown(collectors: "Sequence[Reached]", arguments: argparse.Namespace) -> _Shown:
    """Raises SourceError where the only one does not answer."""
    if len(collectors) > 1:
        return _several(collectors, arguments)
    from obs.sources.kinds import on_page
    from obs.web.page.content import Filter
    from obs.web.page.terminal import lines

    document, status = _read(collectors[0])
    code = DONE if status.verdict.level == "ok" else FOUND
    if arguments.format == "json":
        return _Shown([document.decode()], code)
    kinds = on_page(status, Filter(arguments.filter))
    return _Shown(list(lines(status, kinds, status.generated_at, _width(), _paint)), code)


def _several(collectors: "Sequence[Reached]", arguments: argparse.Namespace) -> _Shown:
    from concurrent.futures import ThreadPoolExecutor

    from obs.web.page.terminal_several import lines_of_several

    with ThreadPoolExecutor(min(len(collectors), _AT_ONCE)) as threads:
        told = list(threads.map(_answer, collectors))
    answers = [answer for _, answer in told]
    levels = {each.level for each in answers}
    code = DONE if levels == {"ok"} else FOUND
    if any(each.error for each in answers):
        code = UNAVAILABLE
    if arguments.format == "json":
        facts = [
            {"collector": each.address, "error": each.error or None, "status": document}
            for document, each in told
        ]
        return _Shown([json.dumps(facts, ensure_ascii=False)], code)
    return _Shown(list(lines_of_several(answers, _width(), _paint)), code)


def _answer(collector: "Reached") -> "tuple[object, Answer]":
    from obs.clients.http import without_user
    from obs.web.page.terminal_several import Answer

    address = without_user(collector.url)
    try:
        document, status = _read(collector)
    except SourceError as error:
        return None, Answer(address, error=str(error))
    return json.loads(document), Answer(address, status)


def _read(collector: "Reached") -> "tuple[bytes, Status]":
    from obs.checks.http_live import read_document
    from obs.clients.http import without_user
    from obs.sources.kinds import KINDS
    from obs.web.status import UNREADABLE, decode_whole

    document = read_document(collector)
    rows = {name: row for kind in KINDS for name, row in kind.rows().items()}
    try:
        return document, decode_whole(document, rows)
    except UNREADABLE:
        where = without_user(collector.url)
        raise SourceError("decode", f"{where}: not a collector's status document") from None


def _paint(text: str, tone: "Tone") -> str:
    return coloured(text, _COLOURS[tone]) if tone in _COLOURS else text


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _UNCUT
