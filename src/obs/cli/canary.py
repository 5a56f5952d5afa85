"""obs probe."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from obs.cli.arguments import Commands, chosen_spec, command, format_argument, spec_arguments
from obs.cli.output import json_text, table
from obs.cli.parser import Parser
from obs.errors import DONE, FOUND, UNAVAILABLE, BadInput

if TYPE_CHECKING:
    from obs.sources.canary.by_hand import Report
    from obs.spec.canary import CanarySource
    from obs.spec.system import System

Chosen = Mapping[str, "CanarySource"]

_MOST_AT_ONCE: Final = 16


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    probe = command(
        commands,
        "probe",
        _probe,
        summary="Publish every canary once and report when it arrives, or where it stopped.",
        examples=[
            "obs probe --spec collectors/oms.yaml",
            "obs probe orders --spec collectors/oms.yaml --format json",
            "obs probe --spec collectors/oms.yaml --dry-run",
            "obs probe --spec collectors/oms.yaml --permissions",
        ],
        found="an event did not arrive",
        exit_codes=(0, 1, 2, 3),
    )
    probe.add_argument(
        "names", nargs="*", metavar="NAME", help="canary of the spec (default: all of them)"
    )
    spec_arguments(probe)
    how = probe.add_mutually_exclusive_group()
    how.add_argument(
        "--once",
        action="store_true",
        help="publish one event of each canary; the default. `obs collect` runs them by schedule",
    )
    how.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be published, and what it costs a month by schedule; send nothing",
    )
    how.add_argument(
        "--permissions",
        action="store_true",
        help="print the rights at NATS and AWS that the canaries need; send nothing",
    )
    format_argument(probe)


def _probe(arguments: argparse.Namespace) -> int:
    system = chosen_spec(arguments).system
    chosen = _chosen(system, arguments.names)
    as_json = arguments.format == "json"
    if arguments.dry_run:
        return _dry_run(chosen, as_json=as_json)
    if arguments.permissions:
        return _permissions(system, chosen, as_json=as_json)
    from obs.sources.canary.by_hand import run_once

    with ThreadPoolExecutor(min(len(chosen), _MOST_AT_ONCE)) as threads:
        reports = list(threads.map(run_once, chosen, chosen.values()))
    if as_json:
        print(json_text([asdict(each) for each in reports]))
    else:
        print(table([("canary", "path", "outcome", "latency"), *map(_row, reports)]))
        for each in reports:
            if each.error:
                print(f"{each.canary}: {each.error}", file=sys.stderr)
    if any(each.unavailable for each in reports):
        return UNAVAILABLE
    return DONE if all(each.arrived for each in reports) else FOUND


def _chosen(system: "System", names: Sequence[str]) -> Chosen:
    from obs.spec.report import did_you_mean

    known = system.sources.canary
    if not known:
        raise BadInput("the spec has no canary; add one under sources.canary")
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
            raise BadInput(f"no canary {name!r}{hint}")
    return {name: spec for name, spec in known.items() if not names or name in names}


def _row(report: "Report") -> tuple[str, str, str, str]:
    latency = "" if report.latency_seconds is None else _duration(report.latency_seconds)
    stored = f", sequence {report.sequence}" if report.sequence else ""
    return report.canary, report.where, f"{report.stage}{stored}", latency


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _dry_run(chosen: Chosen, *, as_json: bool) -> int:
    from obs.sources.canary.kind import KIND

    costs = {each.source: each.estimate for each in KIND.costs(chosen, {})}
    dollars = sum(each.dollars for each in costs.values())
    if as_json:
        facts = [
            {
                "canary": name,
                "path": spec.where,
                "every_seconds": spec.every,
                "dollars_per_month": costs[name].dollars if name in costs else 0.0,
                "lines": [asdict(line) for line in costs[name].lines] if name in costs else [],
            }
            for name, spec in chosen.items()
        ]
        print(json_text({"dollars_per_month": dollars, "canaries": facts}))
        return DONE
    for name, spec in chosen.items():
        print(f"canary {name}: an event every {spec.every:g} s on {spec.where}")
        if name in costs:
            rows = [(x.what, f"{x.units:,.0f}", f"${x.dollars:,.2f}") for x in costs[name].lines]
            print(table([("a month", "units", "dollars"), *rows], indent=2))
            print("\n".join(f"  · {each}" for each in costs[name].assumptions))
    print(f"About ${dollars:,.2f} a month by schedule. Nothing was sent.")
    return DONE


def _permissions(system: "System", chosen: Chosen, *, as_json: bool) -> int:
    from obs.sources.canary.kind import KIND

    subjects = KIND.subjects(chosen)
    policy = _policy(system, chosen)
    if as_json:
        print(json_text({"nats": {at: list(each) for at, each in subjects.items()}, "aws": policy}))
        return DONE
    print("\n".join(_permission_lines(subjects, policy)))
    return DONE


def _permission_lines(
    subjects: Mapping[str, Sequence[str]], policy: Mapping[str, object]
) -> Iterator[str]:
    for at, each in subjects.items():
        yield f"# {at}: its user has to publish to"
        yield from (f"  {subject}" for subject in each)
        yield "  and to subscribe to _INBOX.>"
    for label, document in policy.items():
        yield f"# AWS, {label}:"
        yield json_text(document)


def _policy(system: "System", chosen: Chosen) -> dict[str, object]:
    """The policy of each identity whose account a canary publishes to."""
    from obs.iam.canary import polling
    from obs.iam.identity import identities
    from obs.iam.policy import document
    from obs.iam.policy_options import PolicyOptions

    if not any(each.aws for each in chosen.values()):
        return {}
    only = system.model_copy(
        update={"sources": system.sources.model_copy(update={"canary": dict(chosen)})}
    )
    found = {
        label: polling(only, sources, PolicyOptions())
        for label, sources in identities(system).items()
    }
    return {label: document(each) for label, each in found.items() if each.statements}
