"""obs slo report."""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import Commands, chosen_spec, command, spec_arguments
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.cli.terminal import say
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from obs.clients.prometheus import Prometheus
    from obs.slo.spans import Spans
    from obs.slo_report.report import Asked, Fired, Measured, Report
    from obs.spec.slos import Slo
    from obs.spec.system import System
    from obs.web.slo_history import SloPast

_FORMATS: Final = ("text", "markdown", "json", "html")
_BY_ENDING: Final = {".md": "markdown", ".json": "json", ".html": "html", ".htm": "html"}
_MOST_PERIODS: Final = 60
VARIABLE: Final = "OBS_PROMETHEUS"


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs slo`."""
    report = command(
        actions,
        "report",
        _report,
        summary="Report what objectives promised and reached, and when their budgets were spent.",
        examples=[
            "obs slo report",
            "obs slo report 'checkout/*' --timezone Europe/Berlin --out november.html",
            "obs slo report --period quarter --last 1 --prometheus http://localhost:9090",
            "obs slo report --every monthly --out reports --format html",
        ],
        exit_codes=(0, 2, 3),
    )
    report.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="an SLO: NAME or SERVICE/NAME, also as a glob (default: all)",
    )
    spec_arguments(report)
    report.add_argument(
        "--period",
        choices=("week", "month", "quarter", "year"),
        default="month",
        help="periods of the calendar (default: month)",
    )
    report.add_argument(
        "--every",
        choices=("weekly", "monthly", "quarterly", "yearly"),
        help="keep running, and write a report to the folder --out whenever a period has ended, "
        "from the collector; outputs.slo_report has the collector itself do so",
    )
    report.add_argument(
        "--last",
        type=_periods,
        default=3,
        metavar="NUMBER",
        help="periods before the present one (default: 3)",
    )
    zone_argument(
        report,
        "time zone of days and periods, for example Europe/Berlin (default: that of the SLOs' "
        "calendar periods if they have the same, else UTC)",
    )
    report.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="read the state file in this folder, also of a running collector, and with it those "
        "of its shards (default: ask the running collector)",
    )
    report.add_argument(
        "--prometheus",
        metavar="URL",
        help="read the counters and the alerts that fired from Prometheus; with --state only the "
        f"alerts. For a URL with user:password@ set ${VARIABLE} and give -",
    )
    report.add_argument(
        "--format",
        choices=_FORMATS,
        help="output format (default: by the ending of --out, else text)",
    )
    report.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="file to write (default: stdout); with --every a folder",
    )


def zone_argument(parser: Parser, help: str) -> None:
    """--timezone, for commands that name times."""
    parser.add_argument("--timezone", type=_zone, metavar="NAME", help=help)


def _periods(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_PERIODS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_MOST_PERIODS}")
    return int(text)


def _zone(name: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise argparse.ArgumentTypeError(
            f"{name!r} is no time zone that this machine knows; write for example Europe/Berlin"
        ) from None


def _report(arguments: argparse.Namespace) -> int:
    from obs.slo_report.report import Asked

    system = chosen_spec(arguments).system
    if arguments.every:
        return _keep_writing(system, arguments)
    zone = arguments.timezone or _zone(system.report_zone)
    asked = Asked(arguments.period, zone, arguments.last)
    report = _made(system, arguments, asked)
    text = written(report, _format(arguments))
    if arguments.out is None:
        print(text, end="")
    else:
        _save(arguments.out, text)
        say(f"Wrote {arguments.out}")
    return DONE


def _keep_writing(system: "System", arguments: argparse.Namespace) -> int:
    from obs.cli.slo_report_every import scheduled, write_forever

    if arguments.out is None or arguments.state or arguments.prometheus:
        raise BadInput("--every: give --out FOLDER, and neither --state nor --prometheus")
    form = arguments.format or "html"
    zone = arguments.timezone
    reports = scheduled(system, arguments.every, arguments.out, form, written, zone=zone)
    write_forever(reports, lambda: _from_collector(system, arguments.names))
    return DONE


def _format(arguments: argparse.Namespace) -> str:
    if arguments.format:
        return str(arguments.format)
    ending = arguments.out.suffix.lower() if arguments.out else ""
    return _BY_ENDING.get(ending, "text")


def _made(system: "System", arguments: argparse.Namespace, asked: "Asked") -> "Report":
    from obs.slo_report.report import Report, objective_reports

    at = time.time()
    fired: Sequence[Fired] = ()
    if arguments.state:
        measured, origin = _from_state(system, arguments.state, arguments.names, at)
        if arguments.prometheus:
            fired = _alerts(system, arguments.prometheus, asked, at)
    elif arguments.prometheus:
        measured, fired, origin = _from_prometheus(system, arguments, asked, at)
    else:
        measured, origin, at = _from_collector(system, arguments.names)
    return Report(
        system=system.system,
        environment=system.environment,
        at=at,
        origin=origin,
        zone=asked.zone,
        kind=asked.kind,
        objectives=objective_reports(measured, asked, at, fired),
        knows_alerts=bool(arguments.prometheus),
    )


def _from_collector(system: "System", names: Sequence[str]) -> "tuple[list[Measured], str, float]":
    from obs.checks.budget_gate import chosen
    from obs.checks.http_live import collector_at, read_slo_history
    from obs.clients.http import without_user
    from obs.slo_report.told import measured

    collector = collector_at(system)
    found = read_slo_history(collector)
    told = [measured(each) for each in chosen(found.slos, names)]
    return told, f"the collector at {without_user(collector.url)}", found.generated_at


def _from_state(
    system: "System", folder: Path, names: Sequence[str], at: float
) -> "tuple[list[Measured], str]":
    from obs.checks.budget_gate import chosen
    from obs.collector.counted_time import counting_in
    from obs.collector.merged_past import merged
    from obs.collector.slo_history import saved
    from obs.slo_report.told import measured
    from obs.state_copy import copied_state
    from obs.state_folders import state_folders

    slos = chosen(system.slos, names)
    pasts: list[SloPast] = []
    folders = state_folders(folder)
    for each in folders:
        with copied_state(each) as state:
            pasts += saved(slos, state, at, counting_in(system))
    told = [measured(past) for past in merged(pasts)]
    files = "the state file" if len(folders) == 1 else f"{len(folders)} state files"
    return told, f"{files} in {folder}"


def _from_prometheus(
    system: "System", arguments: argparse.Namespace, asked: "Asked", at: float
) -> "tuple[list[Measured], list[Fired], str]":
    from contextlib import closing

    from obs.checks.budget_gate import chosen
    from obs.clients.http import without_user
    from obs.slo_report.from_prometheus import fired, read

    url = prometheus_url(arguments.prometheus)
    slos = chosen(system.slos, arguments.names)
    start = _start(asked, at)
    with closing(prometheus_at(url)) as prometheus:
        measured = read(
            prometheus,
            system.labels,
            slos,
            asked.zone,
            start=start,
            end=at,
            maintenance=_maintenance(system, slos, start, at),
        )
        alerts = fired(prometheus, system.labels, len(system.slos), start, at)
    return measured, alerts, f"Prometheus at {without_user(url)}"


def _maintenance(
    system: "System", slos: "Sequence[Slo]", start: float, at: float
) -> "dict[tuple[str, ...], Spans]":
    from obs.collector.counted_time import counting_in
    from obs.collector.slo_history import maintenance_of
    from obs.slo.spans import Spans

    counting = counting_in(system)
    return {
        (each.service, each.name): Spans(maintenance_of(counting(each), start, at)) for each in slos
    }


def _alerts(system: "System", given: str, asked: "Asked", at: float) -> "list[Fired]":
    from contextlib import closing

    from obs.slo_report.from_prometheus import fired

    with closing(prometheus_at(prometheus_url(given))) as prometheus:
        return fired(prometheus, system.labels, len(system.slos), _start(asked, at), at)


def prometheus_url(given: str) -> str:
    """The address that --prometheus says. Raises BadInput where it is none."""
    from obs.redaction.address import remember_address

    url = os.environ.get(VARIABLE, "") if given == "-" else given
    if not url.startswith(("http://", "https://")):
        raise BadInput("--prometheus: write a URL, for example http://localhost:9090")
    remember_address(url)
    return url


def prometheus_at(url: str) -> "Prometheus":
    """The server, which is to be closed."""
    from obs.clients.prometheus import Prometheus

    return Prometheus(url)


def _start(asked: "Asked", at: float) -> float:
    return float(asked.periods(at)[-1].start)


def written(report: "Report", format_: str) -> str:
    """The text of a report in one of the formats."""
    if format_ == "html":
        from obs.slo_report.html import as_html

        return as_html(report)
    if format_ == "markdown":
        from obs.slo_report.markdown import as_markdown

        return as_markdown(report)
    if format_ == "json":
        from obs.slo_report.document import as_document

        return json_text(as_document(report)) + "\n"
    from obs.slo_report.text import as_text

    return as_text(report)


def _save(file: Path, text: str) -> None:
    """Replace the file as a whole: whoever reads it meanwhile has the old one."""
    from obs.folder import Folder

    try:
        Folder(file.parent).write({file.name: text})
    except OSError as error:
        raise BadInput(f"--out {file}: cannot be written: {error.strerror}") from None
