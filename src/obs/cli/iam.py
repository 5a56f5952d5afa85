"""obs iam."""

import argparse
import re

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
from obs.cli.terminal import note
from obs.errors import DONE, BadInput
from obs.iam import ABOUT, ROLES, TRUST


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
        choices=(*ROLES, TRUST),
        default="collector",
        help="who gets the policy (default: collector): "
        + "; ".join(f"{name}: {about}" for name, about in (*ROLES.items(), (TRUST, ABOUT))),
    )
    only_argument(policy, "kind of source that the collector polls, as in `obs collect`")
    policy.add_argument(
        "--source",
        metavar="NAME",
        help="AWS source to use (default: all, a policy for each way in which they sign in)",
    )
    policy.add_argument(
        "--account", metavar="ID", help="account number (default: that of role_arn, else *)"
    )
    policy.add_argument(
        "--event-source",
        metavar="NAME",
        help="source of the published events (default: the system's name)",
    )
    policy.add_argument(
        "--principal", metavar="ARN", help="identity that assumes the roles, for --for trust"
    )
    format_argument(policy)


def _policy(arguments: argparse.Namespace) -> int:
    from obs.iam.policy import document
    from obs.iam.policy_options import PolicyOptions
    from obs.iam.roles import policies_for
    from obs.iam.trust import trust_policies, trust_remarks

    if arguments.account is not None and not re.fullmatch(r"[0-9]{12}", arguments.account):
        raise BadInput(f"--account {arguments.account}: write the account's 12 digits")
    options = PolicyOptions(
        source=arguments.source,
        account=arguments.account,
        kinds=frozenset(source_kinds(arguments)),
        event_source=arguments.event_source,
    )
    system = chosen_spec(arguments).system
    if arguments.role == TRUST:
        documents = trust_policies(system, arguments.principal, arguments.source)
        remarks = trust_remarks(system)
    else:
        found = policies_for(arguments.role, system, options)
        documents = {label: document(policy) for label, policy in found.items()}
        remarks = list(dict.fromkeys(each for one in found.values() for each in one.remarks))
    if len(documents) > 1:
        print(json_text(documents))
        remarks.append(f"one policy each for {', '.join(documents)}; --source prints one alone")
    else:
        print(json_text(next(iter(documents.values()))))
    if arguments.format == "text":
        for remark in remarks:
            note(f"note: {remark}")
    return DONE
