"""obs nats."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

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
from obs.errors import DONE, BadInput

if TYPE_CHECKING:
    from obs.sources.nats.permissions import UserRights


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
            "obs nats permissions --for dlq --replay-to 'orders.>'",
        ],
    )
    spec_arguments(permissions)
    permissions.add_argument(
        "--for",
        dest="role",
        choices=("collector", "dlq"),
        default="collector",
        help="who gets the rights: the collector, or `obs dlq` (default: collector)",
    )
    permissions.add_argument(
        "--replay-to",
        action="append",
        default=[],
        metavar="SUBJECT",
        help="with --for dlq: subject that dead letters are replayed to; repeatable (default: "
        "none, which is enough to list, show and purge)",
    )
    format_argument(permissions)


def _permissions(arguments: argparse.Namespace) -> int:
    users = _users(arguments)
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
    if not users and arguments.role == "dlq":
        note("no connection has an advisory_stream or dead_letters")
    elif not users:
        note("no NATS user is needed: the spec has monitoring addresses only")
    return DONE


def _users(arguments: argparse.Namespace) -> "list[UserRights]":
    system = chosen_spec(arguments).system
    sources = system.sources.nats
    if arguments.role == "dlq":
        from obs.dead_letters.jetstream import rights as dlq

        return [
            each
            for name, spec in sources.items()
            for each in dlq.rights(name, spec, arguments.replay_to)
        ]
    from obs.lease.kinds import key_of, subjects
    from obs.sources.kinds import subjects_of_others
    from obs.sources.nats.permissions import rights

    if arguments.replay_to:
        raise BadInput("--replay-to: only with --for dlq")
    others = subjects_of_others(system)
    for at, more in subjects(system.ha, key_of(system)).items():
        others[at] = (*others.get(at, ()), *more)
    return [
        each.publishing(others.get(each.connection, ()))
        for name, spec in sources.items()
        for each in rights(name, spec)
    ]
