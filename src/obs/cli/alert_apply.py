"""obs alerts apply."""

import argparse
from typing import TYPE_CHECKING

from obs.cli.apply import apply_arguments, run
from obs.cli.arguments import Commands, chosen_spec, command
from obs.cli.parser import Parser
from obs.cli.traces import traced
from obs.errors import BadInput

if TYPE_CHECKING:
    from obs.stacks.stack import Stack


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
    from obs.stacks.targets import alert_stacks, check_target

    spec = chosen_spec(arguments)
    check_tuning(spec)
    targets = list(dict.fromkeys(arguments.target))
    for target in targets:
        check_target(target)
    stacks: list[tuple[str, Stack]] = []
    failures: dict[str, BadInput] = {}
    for target in targets:
        try:
            stacks += [(target, stack) for stack in alert_stacks(spec.system, target)]
        except BadInput as error:  # stops no other target
            failures[target] = error
    with traced(spec.system, "alerts apply"):
        return run(arguments, stacks, failures)
