"""obs dashboards."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from obs.cli import dashboard_apply, dashboard_lint, dashboard_preview
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
    build_arguments,
    run_build,
    target_argument,
    tuned_system,
)
from obs.cli.output import counted, json_text, table
from obs.cli.parser import Parser
from obs.errors import DONE

if TYPE_CHECKING:
    from obs.dashboards.build import Board


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "dashboards",
        summary="Build, list, lint, preview and apply the Grafana dashboards of a spec.",
        examples=[
            "obs dashboards build --spec collectors/oms.yaml --out dashboards",
            "obs dashboards list --spec collectors/oms.yaml",
            "obs dashboards lint dashboards --spec collectors/oms.yaml",
            "obs dashboards preview --spec collectors/oms.yaml --prometheus http://localhost:9090",
            "obs dashboards apply --spec collectors/oms.yaml --target grafana",
        ],
        found="the files or Grafana differ from what the spec builds, or lint found errors",
        exit_codes=(0, 1, 2, 3),
    )
    _register_build(actions)
    listing = command(
        actions,
        "list",
        _list,
        summary="List the dashboards of a spec, with the question that each answers.",
        examples=["obs dashboards list --spec collectors/oms.yaml --format json"],
    )
    spec_arguments(listing)
    format_argument(listing)
    dashboard_lint.register(actions)
    dashboard_preview.register(actions)
    dashboard_apply.register(actions)


def _register_build(actions: "Commands[Parser]") -> None:
    build = command(
        actions,
        "build",
        _build,
        summary="Build the Grafana dashboards of a spec.",
        examples=[
            "obs dashboards build --spec collectors/oms.yaml --out dashboards",
            "obs dashboards build --spec collectors/oms.yaml --out dashboards --check",
            "obs dashboards build --spec collectors/oms.yaml --out build --target configmap",
        ],
        found=DRIFTED,
        exit_codes=(0, 1, 2),
    )
    build_arguments(build, "dashboards", "folder to build in (default: dashboards)")
    target_argument(
        build,
        "format to build, repeatable: json and provisioning (together the default); configmap, "
        "helm-values, operator, resource or resource-v2",
    )


def dashboards_folder(path: Path, targets: Sequence[str] = ()) -> BuildFolder:
    """The folder of dashboards; the default targets where none is given."""
    from obs.dashboards.formats import DEFAULT, build_targets

    names = list(dict.fromkeys(targets or DEFAULT))
    return BuildFolder(path, lambda system: build_targets(system, names))


def _build(arguments: argparse.Namespace) -> int:
    return run_build(arguments, [dashboards_folder(arguments.out, arguments.target or ())])


def _list(arguments: argparse.Namespace) -> int:
    from obs.dashboards.build import boards

    built = boards(tuned_system(arguments))
    if arguments.format == "json":
        print(json_text([_facts(board) for board in built]))
    elif built:
        print(table([_row(board) for board in built]))
    return DONE


def _row(board: "Board") -> tuple[str, ...]:
    return (board.uid, board.title, counted(_panels(board), "panel"), board.question)


def _facts(board: "Board") -> dict[str, str | int]:
    return {
        "uid": board.uid,
        "title": board.title,
        "question": board.question,
        "page": board.page,
        "panels": _panels(board),
    }


def _panels(board: "Board") -> int:
    """The number of panels, without the rows that are section titles."""
    from obs.dashboards.normalise import every_panel

    return sum(panel["type"] != "row" for panel in every_panel(board.json["panels"]))
