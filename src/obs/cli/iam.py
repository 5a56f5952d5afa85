"""obs iam."""

import argparse
import re
import sys

from obs.cli.arguments import (
    Commands,
    chosen_spec,
    command,
    format_argument,
    only_argument,
    source_kinds,
    spec_arguments,
)
from obs.cli.output import json_text
from obs.errors import DONE, BadInput
from obs.iam import ROLES


def register(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Adds the commands of this module."""
    group = command(
        commands,
        "iam",
        lambda arguments: DONE,
        summary="Say what AWS has to permit.",
        examples=["obs iam policy --spec collectors/oms.yaml"],
    )
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    policy = command(
        actions,
        "policy",
        _policy,
        summary="Print the least-privilege IAM policy for a spec, as JSON.",
        examples=[
            "obs iam policy --spec collectors/oms.yaml --account 123456789012 > policy.json",
            "obs iam policy --spec collectors/oms.yaml --only nats",
            "obs iam policy --spec collectors/oms.yaml --for publisher",
            "aws iam put-role-policy --role-name obs --policy-name obs "
            "--policy-document file://policy.json",
        ],
    )
    spec_arguments(policy)
    policy.add_argument(
        "--for",
        dest="role",
        choices=tuple(ROLES),
        default="collector",
        help="; ".join(f"{name}: {about}" for name, about in ROLES.items())
        + " (default: collector)",
    )
    only_argument(policy, "as for `obs collect`: the collector polls only sources of this kind")
    policy.add_argument(
        "--source", metavar="NAME", help="the AWS source, where they sign in in different ways"
    )
    policy.add_argument(
        "--account", metavar="ID", help="the account's number (default: that of role_arn, else *)"
    )
    policy.add_argument(
        "--event-source",
        metavar="NAME",
        help="the source of published events (default: the system's name)",
    )
    format_argument(policy)


def _policy(arguments: argparse.Namespace) -> int:
    from obs.iam.policy import document
    from obs.iam.policy_options import PolicyOptions
    from obs.iam.roles import policy_for

    if arguments.account is not None and not re.fullmatch(r"[0-9]{12}", arguments.account):
        raise BadInput(f"--account {arguments.account}: write the account's 12 digits")
    options = PolicyOptions(
        source=arguments.source,
        account=arguments.account,
        kinds=frozenset(source_kinds(arguments)),
        event_source=arguments.event_source,
    )
    policy = policy_for(arguments.role, chosen_spec(arguments).system, options)
    print(json_text(document(policy)))
    if arguments.format == "text":
        for remark in policy.remarks:
            print(f"note: {remark}", file=sys.stderr)
    return DONE
