"""obs build."""

import argparse

from obs.cli.alerts import alerts_folder
from obs.cli.arguments import DRIFTED, Commands, command
from obs.cli.build_options import build_arguments, run_build
from obs.cli.dashboards import dashboards_folder
from obs.cli.parser import Parser


def register(commands: "Commands[Parser]") -> None:
    """Adds the command of this module."""
    build = command(
        commands,
        "build",
        _build,
        summary="Build the alert rules and the dashboards of a spec.",
        examples=[
            "obs build --spec collectors/oms.yaml",
            "obs build --spec collectors/oms.yaml --check",
        ],
        found=DRIFTED,
        exit_codes=(0, 1, 2),
    )
    build_arguments(
        build, ".", "folder for alerts/ and dashboards/ (default: the working directory)"
    )


def _build(arguments: argparse.Namespace) -> int:
    out = arguments.out
    return run_build(
        arguments, [alerts_folder(out / "alerts"), dashboards_folder(out / "dashboards")]
    )
