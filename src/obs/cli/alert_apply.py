"""obs alerts apply."""

import argparse

from obs.cli.apply import apply_arguments, run
from obs.cli.arguments import Commands, chosen_spec, command


def register(actions: "Commands[argparse.ArgumentParser]") -> None:
    """Adds the action of this module to `obs alerts`."""
    apply = command(
        actions,
        "apply",
        _apply,
        summary="Make a running stack's alert rules those of the spec; shows a plan, then asks.",
        examples=[
            "obs alerts apply --target prometheus --spec collectors/oms.yaml",
            "obs alerts apply --target grafana --target cloudwatch --yes",
            "obs alerts apply --target mimir --check",
        ],
        found="with --check: a stack is not as wanted; else: somebody else's is in the way",
        exit_codes=(0, 1, 2, 3),
    )
    apply.add_argument(
        "--target",
        action="append",
        required=True,
        metavar="NAME",
        help="prometheus, mimir, amp, grafana, alertmanager or cloudwatch; repeatable",
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
