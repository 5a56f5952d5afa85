"""obs alerts apply."""

import argparse

from obs.cli.apply import apply_arguments, run
from obs.cli.arguments import Commands, chosen_spec, command
from obs.cli.parser import Parser


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs alerts`."""
    apply = command(
        actions,
        "apply",
        _apply,
        summary="Apply the alert rules of a spec to running stacks, after showing a plan.",
        examples=[
            "obs alerts apply --target prometheus --spec collectors/oms.yaml",
            "obs alerts apply --target grafana --target cloudwatch --yes",
            "obs alerts apply --target mimir --check",
        ],
        found="with --check: a stack differs; else: a resource that obs does not own conflicts",
        exit_codes=(0, 1, 2, 3),
    )
    apply.add_argument(
        "--target",
        action="append",
        required=True,
        metavar="NAME",
        help="stack to apply to, repeatable: prometheus, mimir, amp, grafana, alertmanager or "
        "cloudwatch",
    )
    apply_arguments(apply)


def _apply(arguments: argparse.Namespace) -> int:
    from obs.alerts.tuning import check_tuning
    from obs.stacks.targets import alert_stacks

    spec = chosen_spec(arguments)
    check_tuning(spec)
    stacks = [
        (target, stack)
        for target in dict.fromkeys(arguments.target)
        for stack in alert_stacks(spec.system, target)
    ]
    return run(arguments, stacks)
