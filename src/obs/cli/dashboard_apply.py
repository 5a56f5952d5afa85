"""obs dashboards apply."""

import argparse

from obs.cli.apply import apply_arguments, run
from obs.cli.arguments import Commands, chosen_spec, command
from obs.cli.parser import Parser
from obs.cli.traces import traced


def register(actions: "Commands[Parser]") -> None:
    """Adds the action of this module to `obs dashboards`."""
    apply = command(
        actions,
        "apply",
        _apply,
        summary="Apply the dashboards of a spec to a running Grafana, after showing a plan.",
        examples=[
            "obs dashboards apply --target grafana --spec collectors/oms.yaml",
            "obs dashboards apply --target grafana --check",
        ],
        found="with --check: Grafana differs; else: a dashboard that obs does not own conflicts",
        exit_codes=(0, 1, 2, 3),
    )
    apply.add_argument("--target", action="append", required=True, metavar="NAME", help="grafana")
    apply_arguments(apply)


def _apply(arguments: argparse.Namespace) -> int:
    from obs.stacks.targets import dashboard_stacks

    system = chosen_spec(arguments).system
    targets = dict.fromkeys(arguments.target)
    stacks = [(name, one) for name in targets for one in dashboard_stacks(system, name)]
    with traced(system, "dashboards apply"):
        return run(arguments, stacks)
