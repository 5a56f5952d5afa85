"""obs alerts."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli import alert_apply, alert_stats, alert_test
from obs.cli.arguments import (
    DRIFTED,
    Commands,
    command,
    command_group,
    format_argument,
    spec_arguments,
)
from obs.cli.build_options import (
    BuildFolder,
    FilesByTarget,
    Notes,
    build_arguments,
    run_build,
    target_argument,
    tuned_system,
)
from obs.cli.output import json_text, table
from obs.cli.parser import Parser
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.alerts.alert import TunedAlert
    from obs.spec.system import System


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "alerts",
        summary="Build, list, explain, test, apply and count the alerts of a spec.",
        examples=[
            "obs alerts build --spec collectors/oms.yaml --out alerts",
            "obs alerts list --spec collectors/oms.yaml",
            "obs alerts explain NatsConsumerLagHigh --spec collectors/oms.yaml",
            "obs alerts test --spec collectors/oms.yaml --alertmanager http://localhost:9093",
            "obs alerts apply --spec collectors/oms.yaml --target prometheus",
            "obs alerts stats --spec collectors/oms.yaml --since 4w",
        ],
        found="with --check: the files or the stack differ from what the spec builds; stats: more "
        "pages than the spec's budget allows",
        exit_codes=(0, 1, 2, 3),
    )
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
        summary="Explain an alert of a spec: its meaning, its threshold and how to respond.",
        examples=["obs alerts explain NatsConsumerLagHigh --spec collectors/oms.yaml"],
    )
    explain.add_argument("name", metavar="NAME", help="name of the alert")
    spec_arguments(explain)
    alert_test.register(actions)
    alert_apply.register(actions)
    alert_stats.register(actions)


def _register_build(actions: "Commands[Parser]") -> None:
    build = command(
        actions,
        "build",
        _build,
        summary="Build the alert rules of a spec, with their tests and runbooks.",
        examples=[
            "obs alerts build --spec collectors/oms.yaml --out alerts",
            "obs alerts build --spec collectors/oms.yaml --out alerts --check",
            "obs alerts build --spec collectors/oms.yaml --out build --target operator",
        ],
        found=DRIFTED,
        exit_codes=(0, 1, 2),
    )
    build_arguments(build, "alerts", "folder to build in (default: alerts)")
    target_argument(
        build,
        "format to build, repeatable: prometheus, recording, promtool, alertmanager, grafana, "
        "runbooks and cloudwatch (together the default); prometheus-3, operator, operator-helm, "
        "helm-values, amp, alertmanager-fragment or operator-alertmanager",
    )


def alerts_folder(path: Path, targets: Sequence[str] = ()) -> BuildFolder:
    """The folder of alert rules; the default targets where none is given."""
    from obs.alerts.targets import DEFAULT, build_targets

    names = list(dict.fromkeys(targets or DEFAULT))
    return BuildFolder(path, lambda system: build_targets(system, names), _notes)


def _notes(system: "System", files: FilesByTarget) -> Notes:
    from obs.alerts.targets import remarks

    known = remarks(system, files)
    return {"not_built": known.left_out, "advice": known.advice}


def _build(arguments: argparse.Namespace) -> int:
    return run_build(arguments, [alerts_folder(arguments.out, arguments.target or ())])


def _list(arguments: argparse.Namespace) -> int:
    from obs.alerts.tuning import tuned_alerts

    system = tuned_system(arguments)
    facts = [_facts(tuned, system) for tuned in tuned_alerts(system)]
    if arguments.format == "json":
        print(json_text(facts))
    elif facts:
        head = tuple(map(str.upper, facts[0]))
        print(table([head, *(tuple(map(_cell, fact.values())) for fact in facts)]))
    return DONE


def _cell(fact: str | list[str]) -> str:
    return fact if isinstance(fact, str) else ",".join(fact)


def _facts(tuned: "TunedAlert", system: "System") -> dict[str, str | list[str]]:
    from obs.alerts.targets import evaluated_by
    from obs.spec.quantity import format_duration

    return {
        "alert": tuned.name,
        "severity": str(tuned.severity),
        "about": ", ".join(f"{k}={v}" for k, v in tuned.only) or str(tuned.alert.about),
        "threshold": tuned.when.words().comparison,
        "for": format_duration(tuned.hold),
        "targets": list(evaluated_by(tuned, system)),
        "runbook": f"runbooks/{tuned.name}.md",
    }


def _explain(arguments: argparse.Namespace) -> int:
    from obs.alerts.definitions import alerts_of
    from obs.alerts.tuning import tuned_alerts
    from obs.spec.report import did_you_mean

    system = tuned_system(arguments)
    known = alerts_of(system)
    if arguments.name not in known:
        hint = did_you_mean(arguments.name, known) or "; see `obs alerts list`"
        raise BadInput(f"no alert {arguments.name}{hint}")
    rules = [tuned for tuned in tuned_alerts(system) if tuned.name == arguments.name]
    print(
        "\n\n".join(
            [*_explained(arguments.name, rules, system), *_left_out(arguments.name, system)]
        )
    )
    return DONE


def _explained(name: str, rules: Sequence["TunedAlert"], system: "System") -> list[str]:
    from obs.alerts.definitions import alerts_of
    from obs.alerts.runbook import runbook

    alert = alerts_of(system)[name]
    expressions = [f"```promql\n{tuned.expression}\n```" for tuned in rules]
    return [runbook(alert, rules, system).rstrip(), "## Expression", *expressions]


def _left_out(name: str, system: "System") -> list[str]:
    """What the alert lacks in this system, with the reasons."""
    from obs.alerts.definitions import alerts_of
    from obs.alerts.tuning import not_built

    reasons = [f"- {why}" for alert, why in not_built(system, asked_only=False) if alert == name]
    reasons += [f"- {reason}" for reason in alerts_of(system)[name].when.left_out(system)]
    return ["## Left out", "\n".join(reasons)] if reasons else []
