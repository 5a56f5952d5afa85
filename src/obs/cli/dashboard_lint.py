"""obs dashboards lint."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli.arguments import Commands, chosen_spec, command, format_argument
from obs.cli.output import counted, json_text, table
from obs.cli.parser import Parser
from obs.cli.terminal import say
from obs.errors import DONE, FOUND, BadInput

if TYPE_CHECKING:
    from obs.dashboard_lint.lint import Report
    from obs.dashboard_lint.read import Read
    from obs.dashboard_lint.subject import Knowledge


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs dashboards`."""
    lint = command(
        actions,
        "lint",
        _lint,
        summary="Find mistakes in Grafana dashboards, whether obs built them or not.",
        examples=[
            "obs dashboards lint dashboards",
            "obs dashboards lint dashboards --spec collectors/oms.yaml --strict",
            "obs dashboards lint mine.json --metrics scrape.txt --format json",
            "obs dashboards lint --list",
        ],
        found="lint found errors, or with --strict warnings",
        exit_codes=(0, 1, 2),
    )
    lint.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="dashboard or folder of dashboards, as JSON or YAML, plain or wrapped for Kubernetes",
    )
    lint.add_argument("--list", action="store_true", help="list the rules and exit")
    lint.add_argument(
        "--spec",
        action="append",
        type=Path,
        metavar="PATH",
        help="spec whose alert thresholds and exported metrics the panels should match; repeatable",
    )
    lint.add_argument("--env", metavar="NAME", help="environment of the spec to use")
    lint.add_argument(
        "--metrics",
        action="append",
        type=Path,
        metavar="FILE",
        help="further known metrics: one name a line, a scrape, or a response of "
        "/api/v1/label/__name__/values; any other metric name is then an error; repeatable",
    )
    lint.add_argument(
        "--waivers",
        type=Path,
        metavar="FILE",
        help="accepted findings (default: .obs-lint.yaml and .lint beside the files and here)",
    )
    lint.add_argument("--strict", action="store_true", help="treat warnings as failures")
    format_argument(lint)


def _lint(arguments: argparse.Namespace) -> int:
    if arguments.list:
        return _list(arguments)
    if not arguments.paths:
        raise BadInput("no dashboards: name files or folders; --list lists the rules")
    from obs.dashboard_lint.finding import Severity
    from obs.dashboard_lint.lint import lint, waivers_for
    from obs.dashboard_lint.read import read

    found = read(arguments.paths)
    waivers = waivers_for(found.dashboards, arguments.paths, arguments.waivers)
    report = lint(found.dashboards, _knowledge(arguments), waivers, found.unreadable)
    if arguments.format == "json":
        written = json_text(_facts(found, report))
        print(written.encode(errors="backslashreplace").decode())  # half a surrogate pair, too
    else:
        for finding in report.findings:
            print(finding)
        say(_summary(found, report))
    fails = report.findings if arguments.strict else report.count(Severity.ERROR)
    return FOUND if fails else DONE


def _list(arguments: argparse.Namespace) -> int:
    from obs.dashboard_lint.rules import ALL

    if arguments.format == "json":
        facts = [{"rule": r.name, "severity": r.severity, "summary": r.summary} for r in ALL]
        print(json_text(facts))
    else:
        print(table([(rule.name, str(rule.severity), rule.summary) for rule in ALL]))
    return DONE


def _knowledge(arguments: argparse.Namespace) -> "Knowledge":
    from obs.alerts.tuning import check_tuning, tuned_alerts
    from obs.dashboard_lint.metrics import Metrics, read_metrics
    from obs.dashboard_lint.subject import Knowledge
    from obs.packs.facts import metrics_of_packs, metrics_of_used

    known = Metrics(Metrics().names | metrics_of_packs())
    if arguments.metrics:
        known = Metrics(known.names | read_metrics(arguments.metrics), complete=True)
    if not arguments.spec:
        return Knowledge(known)
    spec = chosen_spec(arguments)
    check_tuning(spec)
    system = spec.system
    named = frozenset(metric.name for metric in system.named_metrics)
    known = replace(known, names=known.names | named | metrics_of_used(system))
    return Knowledge(known, system.known_as, tuned_alerts(system), system.exported)


def _summary(found: "Read", report: "Report") -> str:
    from obs.dashboard_lint.finding import Severity

    parts = [
        counted(report.count(Severity.ERROR), "error"),
        counted(report.count(Severity.WARNING), "warning"),
        f"{len(report.waived)} waived",
    ]
    without = counted(len(found.left_out), "file")
    left_out = f"; {without} without a dashboard" if found.left_out else ""
    return f"{counted(len(found.dashboards), 'dashboard')}: {', '.join(parts)}{left_out}"


def _facts(found: "Read", report: "Report") -> dict[str, object]:
    from obs.dashboard_lint.finding import Severity

    return {
        "dashboards": len(found.dashboards),
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "findings": [asdict(finding) for finding in report.findings],
        "waived": [{**asdict(each.finding), "reason": each.reason} for each in report.waived],
    }
