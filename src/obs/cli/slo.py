"""obs slo."""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from obs.cli import slo_report
from obs.cli.arguments import (
    Commands,
    chosen_spec,
    command,
    command_group,
    format_argument,
    spec_arguments,
)
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.errors import DONE, FOUND, UNAVAILABLE

if TYPE_CHECKING:
    from obs.checks.budget_gate import Budget
    from obs.checks.recorded_slos import RecordedSlos
    from obs.spec.system import System

_PERCENT: Final = re.compile(r"(-?\d{1,6}(?:\.\d{1,9})?)\s*%?")


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "slo",
        summary="Ask about objectives: may we deploy, what was promised and reached.",
        examples=["obs slo gate --min-budget 10%", "obs slo report --out slo.html"],
        exit_codes=(0, 1, 2, 3),
        found="an error budget is too small",
    )
    gate = command(
        actions,
        "gate",
        _gate,
        summary="Allow or block a deployment by the error budgets that are left, in one line.",
        examples=[
            "obs slo gate --min-budget 10%",
            "obs slo gate checkout/availability 'checkout/*' --min-budget 25% --format json",
        ],
        found="an error budget is too small",
        exit_codes=(0, 1, 2, 3),
    )
    gate.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="an SLO: NAME or SERVICE/NAME, also as a glob (default: all)",
    )
    gate.add_argument(
        "--min-budget",
        type=_ratio,
        default=0.0,
        metavar="PERCENT",
        help="share of the error budget that has to be left (default: 0%%)",
    )
    gate.add_argument(
        "--prometheus",
        metavar="URL",
        help="read the budgets from Prometheus (default: ask the running collector, and for SLOs "
        "with engine: rules the server of their source). For a URL with user:password@ set "
        f"{slo_report.VARIABLE} and give -",
    )
    spec_arguments(gate)
    format_argument(gate)
    slo_report.register(actions)


def _ratio(text: str) -> float:
    found = _PERCENT.fullmatch(text.strip())
    if found is None or float(found[1]) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no share of a budget; write for example 10%")
    return float(found[1]) / 100


def _gate(arguments: argparse.Namespace) -> int:
    from obs.checks.budget_gate import verdict

    system = chosen_spec(arguments).system
    found = _budgets(system, arguments)
    if arguments.format == "json":
        print(json_text([asdict(each) | {"allows": each.allows} for each in found]))
    else:
        print(verdict(found))
    if any(each.remaining is None for each in found):
        return UNAVAILABLE
    return DONE if all(each.allows for each in found) else FOUND


def _budgets(system: "System", arguments: argparse.Namespace) -> "list[Budget]":
    """From Prometheus where that was asked for, else each from what evaluates it."""
    from obs.checks.budget_gate import budgets, chosen, least_first, recorded_budgets
    from obs.checks.http_live import collector_at, read_status
    from obs.checks.recorded_slos import at_source
    from obs.spec.slos import Slo
    from obs.web.status import SloStatus

    names, least = arguments.names, arguments.min_budget
    if arguments.prometheus:
        slos = chosen(system.slos, names)
        return recorded_budgets(slos, _in_prometheus(system, arguments.prometheus), least)
    live = read_status(collector_at(system)).slos if _asks_collector(system, names) else ()
    of_rules: list[SloStatus | Slo] = [each for each in system.slos if each.by_rules]
    every = chosen([*live, *of_rules], names)
    found = budgets([each for each in every if isinstance(each, SloStatus)], least)
    recorded: dict[str, list[Slo]] = {}
    for each in every:
        if isinstance(each, Slo):
            recorded.setdefault(each.sli.measured.source, []).append(each)
    for source, slos in recorded.items():
        found += recorded_budgets(slos, at_source(system, source), least)
    return least_first(found)


def _asks_collector(system: "System", names: Sequence[str]) -> bool:
    """Whether a name may be that of an SLO that a collector evaluates."""
    from obs.checks.budget_gate import is_called

    others = [each for each in system.slos if not each.by_rules]
    if not others or not names:
        return bool(others) or not system.slos
    return any(
        any(is_called(each, name) for each in others)
        or not any(is_called(each, name) for each in system.slos)
        for name in names
    )


def _in_prometheus(system: "System", given: str) -> "RecordedSlos":
    from contextlib import closing
    from functools import partial

    from obs.checks.recorded_slos import recorded_slos
    from obs.clients.http import without_user

    url = slo_report.prometheus_url(given)
    with closing(slo_report.prometheus_at(url)) as prometheus:
        ask = partial(prometheus.query, at=time.time())
        return recorded_slos(ask, system, f"Prometheus at {without_user(url)}")
