"""obs dashboards."""

import argparse
from typing import TYPE_CHECKING

from obs.cli import dashboard_apply, dashboard_lint, dashboard_preview
from obs.cli.arguments import Commands, command, format_argument, spec_arguments
from obs.cli.build_options import build_arguments, check, put, tuned_system
from obs.cli.output import counted, json_text, table
from obs.errors import DONE

if TYPE_CHECKING:
    from obs.dashboards.build import Board


def register(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Adds the commands of this module."""
    group = command(
        commands,
        "dashboards",
        lambda arguments: DONE,
        summary="Build Grafana dashboards from a spec, check them, and look at them.",
        examples=[
            "obs dashboards build --spec collectors/oms.yaml --out dashboards",
            "obs dashboards list --spec collectors/oms.yaml",
            "obs dashboards lint dashboards --spec collectors/oms.yaml",
            "obs dashboards preview --spec collectors/oms.yaml --prometheus http://localhost:9090",
        ],
        found="what is there is not what would be built, or lint found errors",
        exit_codes=(0, 1, 2, 3),
    )
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
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


def _register_build(actions: "Commands[argparse.ArgumentParser]") -> None:
    build = command(
        actions,
        "build",
        _build,
        summary="Build the Grafana dashboards of a spec.",
        examples=[
            "obs dashboards build --spec collectors/oms.yaml --out dashboards",
            "obs dashboards build --spec collectors/oms.yaml --target json --target provisioning",
            "obs dashboards build --spec collectors/oms.yaml --out dashboards --check",
        ],
        found="with --check: what is there is not what would be built",
        exit_codes=(0, 1, 2),
    )
    build_arguments(
        build,
        "dashboards",
        "json, provisioning, configmap, operator or resource, repeatable (default: all)",
    )


def _build(arguments: argparse.Namespace) -> int:
    from obs.dashboards.formats import DEFAULT, build

    targets = list(dict.fromkeys(arguments.target or DEFAULT))
    if arguments.check:
        return check(arguments, lambda system: build(system, targets))
    put(arguments.out, build(tuned_system(arguments), targets))
    return DONE


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
    """How many there are, titles of sections left out."""
    from obs.dashboards.normalise import every_panel

    return sum(panel["type"] != "row" for panel in every_panel(board.json["panels"]))
