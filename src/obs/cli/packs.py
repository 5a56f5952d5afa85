"""obs packs."""

import argparse
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

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
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.packs.facts import PackFacts

_NARROWEST: Final = 60
_WIDEST: Final = 100


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "packs",
        summary="Show the packs: metrics, alerts and dashboards of other services.",
        examples=["obs packs list", "obs packs show host"],
    )
    listed = command(
        actions,
        "list",
        _list,
        summary="List the packs that come with obs, and with --spec those of its own.",
        examples=[
            "obs packs list",
            "obs packs list --spec collectors/oms.yaml",
            "obs packs list --format json",
        ],
    )
    spec_arguments(listed, default=False)
    format_argument(listed)
    show = command(
        actions,
        "show",
        _show,
        summary="Show what a pack reads, its alerts, pages and settings.",
        examples=[
            "obs packs show host",
            "obs packs show orders --spec collectors/oms.yaml",
            "obs packs show host --format json",
        ],
    )
    show.add_argument("name", metavar="NAME", help="the pack; `obs packs list` has them all")
    spec_arguments(show, default=False)
    format_argument(show)


def _list(arguments: argparse.Namespace) -> int:
    from obs.packs.facts import listed

    packs = _packs(arguments)
    as_json = arguments.format == "json"
    print(json_text(list(map(asdict, packs))) if as_json else listed(packs, _width()))
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    from obs.spec.report import did_you_mean

    packs = {each.name: each for each in _packs(arguments)}
    if arguments.name not in packs:
        own = "" if arguments.spec else "; --spec FILE shows those of a spec, too"
        hint = did_you_mean(arguments.name, packs) or f"; choose from {', '.join(packs)}{own}"
        raise BadInput(f"no pack {arguments.name}{hint}")
    found = packs[arguments.name]
    as_json = arguments.format == "json"
    print(json_text(asdict(found)) if as_json else found.in_words(_width()))
    return DONE


def _packs(arguments: argparse.Namespace) -> "list[PackFacts]":
    """Those of obs, and those of the spec's own where one is given."""
    from obs.packs.facts import every_pack, packs_of

    if not arguments.spec:
        return every_pack()
    from obs.alerts.tuning import check_tuning

    spec = chosen_spec(arguments)
    check_tuning(spec)
    return [*every_pack(), *packs_of(spec.system)]


def _width() -> int:
    """Columns to write in: the terminal's, within what is good to read."""
    columns = shutil.get_terminal_size((_WIDEST, 24)).columns
    return max(_NARROWEST, min(columns, _WIDEST))
