"""obs iam."""

import argparse
import re
import sys

from obs.cli.arguments import (
    Commands,
    chosen_spec,
    command,
    command_group,
    format_argument,
    only_argument,
    source_kinds,
    spec_arguments,
)
from obs.cli.output import json_text
from obs.cli.parser import Parser
from obs.errors import DONE, BadInput
from obs.iam import ROLES


def register(commands: "Commands[Parser]") -> None:
    """Adds the commands of this module."""
    actions = command_group(
        commands,
        "iam",
        summary="Print the IAM permissions that a spec needs.",
        examples=["obs iam policy --spec collectors/oms.yaml"],
    )
    policy = command(
        actions,
        "policy",
        _policy,
        summary="Print the least-privilege IAM policy for a spec.",
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
        help="who gets the policy (default: collector): "
        + "; ".join(f"{name}: {about}" for name, about in ROLES.items()),
    )
    only_argument(policy, "kind of source that the collector polls, as in `obs collect`")
    policy.add_argument(
        "--source", metavar="NAME", help="AWS source to use, if several sign in differently"
    )
    policy.add_argument(
        "--account", metavar="ID", help="account number (default: that of role_arn, else *)"
    )
    policy.add_argument(
        "--event-source",
        metavar="NAME",
        help="source of the published events (default: the system's name)",
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
