"""obs alerts."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from obs.cli import alert_apply, alert_test
from obs.cli.arguments import Commands, command, format_argument, spec_arguments
from obs.cli.build_options import build_arguments, check, put, tuned_system
from obs.cli.output import json_text, table
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.alerts.alert import TunedAlert
    from obs.spec.system import System


def register(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Adds the commands of this module."""
    group = command(
        commands,
        "alerts",
        lambda arguments: DONE,
        summary="Build alert rules from a spec, and say what they mean.",
        examples=[
            "obs alerts build --spec collectors/oms.yaml --out alerts",
            "obs alerts list --spec collectors/oms.yaml",
            "obs alerts explain NatsConsumerLagHigh --spec collectors/oms.yaml",
            "obs alerts test --spec collectors/oms.yaml --alertmanager http://localhost:9093",
            "obs alerts apply --spec collectors/oms.yaml --target prometheus",
        ],
        found="with --check: what is there is not what would be built",
        exit_codes=(0, 1, 2),
    )
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    _register_build(actions)
    listing = command(
        actions,
        "list",
        _list,
        summary="List the alerts of a spec, with their thresholds and targets.",
        examples=["obs alerts list --spec collectors/oms.yaml --format json"],
    )
    spec_arguments(listing)
    format_argument(listing)
    explain = command(
        actions,
        "explain",
        _explain,
        summary="Say what an alert means for a spec, why its threshold is what it is, what to do.",
        examples=["obs alerts explain NatsConsumerLagHigh --spec collectors/oms.yaml"],
    )
    explain.add_argument("name", metavar="NAME", help="the alert")
    spec_arguments(explain)
    alert_test.register(actions)
    alert_apply.register(actions)


def _register_build(actions: "Commands[argparse.ArgumentParser]") -> None:
    build = command(
        actions,
        "build",
        _build,
        summary="Build the alert rules of a spec.",
        examples=[
            "obs alerts build --spec collectors/oms.yaml --out alerts",
            "obs alerts build --spec collectors/oms.yaml --out alerts --check",
        ],
        found="with --check: what is there is not what would be built",
        exit_codes=(0, 1, 2),
    )
    build_arguments(
        build, "alerts", "what to build, repeatable (default: all that one folder can hold)"
    )


def _build(arguments: argparse.Namespace) -> int:
    from obs.alerts.targets import DEFAULT, build, remarks

    targets = list(dict.fromkeys(arguments.target or DEFAULT))
    if arguments.check:
        return check(arguments, lambda system: build(system, targets))
    system = tuned_system(arguments)
    files = build(system, targets)
    put(arguments.out, files)
    known = remarks(system, files)
    for head, sentences in (("not built:", known.left_out), ("mind:", known.advice)):
        if sentences:
            print("\n".join((head, *(f"  {sentence}" for sentence in sentences))))
    return DONE


def _list(arguments: argparse.Namespace) -> int:
    from obs.alerts.tuning import tuned_alerts

    system = tuned_system(arguments)
    facts = [_facts(tuned, system) for tuned in tuned_alerts(system)]
    if arguments.format == "json":
        print(json_text(facts))
    elif facts:
        print(table([tuple(map(_cell, fact.values())) for fact in facts]))
    return DONE


def _cell(fact: str | list[str]) -> str:
    return fact if isinstance(fact, str) else ",".join(fact)


def _facts(tuned: "TunedAlert", system: "System") -> dict[str, str | list[str]]:
    from obs.alerts.annotations import comparison
    from obs.alerts.targets import evaluated_by
    from obs.spec.quantity import format_duration

    return {
        "alert": tuned.name,
        "severity": str(tuned.severity),
        "about": ", ".join(f"{k}={v}" for k, v in tuned.only) or str(tuned.alert.about),
        "threshold": comparison(tuned.when),
        "for": format_duration(tuned.hold),
        "targets": list(evaluated_by(tuned, system)),
        "runbook": f"runbooks/{tuned.name}.md",
    }


def _explain(arguments: argparse.Namespace) -> int:
    from obs.alerts.definitions import BY_NAME
    from obs.alerts.tuning import tuned_alerts
    from obs.spec.report import did_you_mean

    if arguments.name not in BY_NAME:
        hint = did_you_mean(arguments.name, BY_NAME) or "; `obs alerts list` names them all"
        raise BadInput(f"no alert {arguments.name}{hint}")
    system = tuned_system(arguments)
    rules = [tuned for tuned in tuned_alerts(system) if tuned.name == arguments.name]
    print("\n\n".join(_explained(arguments.name, rules, system)))
    return DONE


def _explained(name: str, rules: Sequence["TunedAlert"], system: "System") -> list[str]:
    from obs.alerts.definitions import BY_NAME
    from obs.alerts.runbook import runbook
    from obs.alerts.writers.promql import expression

    expressions = [f"```promql\n{expression(tuned)}\n```" for tuned in rules]
    return [runbook(BY_NAME[name], rules, system).rstrip(), "## Expression", *expressions]
