"""obs nats."""

import argparse
from dataclasses import asdict

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
from obs.cli.terminal import note
from obs.errors import DONE


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "nats",
        summary="Print the NATS permissions that a spec needs.",
        examples=["obs nats permissions --spec collectors/oms.yaml"],
    )
    permissions = command(
        actions,
        "permissions",
        _permissions,
        summary="Print the least rights of each NATS user in a spec.",
        examples=[
            "obs nats permissions --spec collectors/oms.yaml",
            "obs nats permissions --spec collectors/oms.yaml --format json",
        ],
    )
    spec_arguments(permissions)
    format_argument(permissions)


def _permissions(arguments: argparse.Namespace) -> int:
    from obs.sources.kinds import subjects_of_others
    from obs.sources.nats.permissions import rights

    system = chosen_spec(arguments).system
    others = subjects_of_others(system)
    users = [
        each.publishing(others.get(each.connection, ()))
        for name, spec in system.sources.nats.items()
        for each in rights(name, spec)
    ]
    if arguments.format == "json":
        documents = [
            asdict(each)
            | {"server_configuration": each.server_configuration(), "nsc": each.nsc_command()}
            for each in users
        ]
        print(json_text(documents))
        return DONE
    for each in users:
        whose = f"account {each.account}" if each.account else "the system account"
        print(f"# {each.connection}: {f'user {each.user}' if each.user else 'its user'} of {whose}")
        print(each.server_configuration())
        print(f"# where users have a JWT:\n{each.nsc_command()}\n")
    if not users:
        note("no NATS user is needed: the spec has monitoring addresses only")
    return DONE
