"""The policies of operators: for `obs check` and for `apply`."""

from dataclasses import replace
from typing import Final

from obs.errors import BadInput
from obs.iam import arns, workspaces
from obs.iam.arns import ANY_ACCOUNT, ArnPlace
from obs.iam.aws import listing_of_services
from obs.iam.identity import Sources, place, places, regions
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions
from obs.ids import cloudwatch_dashboard_prefix
from obs.spec.system import System

_COMPOSITE_ACTIONS: Final = (
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutCompositeAlarm",
)
_DASHBOARD_ACTIONS: Final = (
    "cloudwatch:DeleteDashboards",
    "cloudwatch:GetDashboard",
    "cloudwatch:PutDashboard",
)
_ROLE_ACTIONS: Final = (
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
)
_USER_ACTIONS: Final = (
    "iam:GetUserPolicy",
    "iam:ListAttachedUserPolicies",
    "iam:ListUserPolicies",
)
_NAMESPACE_ACTIONS: Final = (
    "aps:CreateRuleGroupsNamespace",
    "aps:DeleteRuleGroupsNamespace",
    "aps:DescribeRuleGroupsNamespace",
    "aps:PutRuleGroupsNamespace",
    "aps:TagResource",
)


def check(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """The policy of `obs check`: read rules, queues, alarms, topics and policies."""
    here = (Condition("aws:RequestedRegion", regions(sources)),)
    alarms = ("cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics")
    listing = ("events:ListEventBuses", "events:ListRules", *listing_of_services(sources))
    rules: list[str] = []
    queues: list[str] = []
    every_queue: list[str] = []
    for source in sources.values():
        at = place(source, options.account)
        rules += arns.rules(at, source.buses)
        queues += arns.queues(at, source.queues or ("*",))
        every_queue += arns.queues(at, ("*",))
    statements = [
        Statement("CheckAlarms", alarms, conditions=here),
        Statement("CheckRules", listing, conditions=here),
        Statement("CheckTargets", ("events:ListTargetsByRule",), tuple(rules)),
        Statement("CheckQueues", ("sqs:GetQueueAttributes",), tuple(queues)),
        # Any alarm in the account may name any queue.
        Statement("FindQueues", ("sqs:GetQueueUrl",), tuple(every_queue)),
    ]
    topics = _topics(system, sources)
    if topics:
        statements.append(Statement("CheckTopics", ("sns:GetTopicAttributes",), topics))
    ours = {each.sign_in for each in sources.values()}
    statements += workspaces.statements(workspaces.queried(system, options), ours, options)
    if system.stacks.amp is not None:
        listing_rules, writing = apply_amp(system, sources, options).statements
        described = ("aps:DescribeRuleGroupsNamespace",)
        statements += [listing_rules, replace(writing, sid="ReadRules", actions=described)]
    return Policy((*statements, *_on_policies(system, sources, options)))


def apply(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """The policy for applying to CloudWatch: write only this system's alarms and dashboards."""
    where = places(sources, options.account)
    here = (Condition("aws:RequestedRegion", regions(sources)),)
    names = f"{system.system}*"
    alarms = tuple(at.arn("cloudwatch", f"alarm:{names}") for at in where)
    boards_named = f"dashboard/{cloudwatch_dashboard_prefix(system.system)}*"
    boards = tuple(at.global_arn("cloudwatch", boards_named) for at in where)
    alarm_actions = ("ListTagsForResource", "PutMetricAlarm", "TagResource")
    return Policy(
        (
            # Composite alarms are authorised against `*` only: CloudWatch API reference,
            # DescribeAlarms, PutCompositeAlarm, DeleteAlarms.
            Statement("CompositeAlarms", _COMPOSITE_ACTIONS, conditions=here),
            Statement("Alarms", tuple(f"cloudwatch:{each}" for each in alarm_actions), alarms),
            Statement("ListDashboards", ("cloudwatch:ListDashboards",), conditions=here),
            Statement("Dashboards", _DASHBOARD_ACTIONS, boards),
        )
    )


def apply_amp(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """The policy for applying rules to a workspace of Amazon Managed Prometheus."""
    stack = system.stacks.amp
    if stack is None:
        raise BadInput("apply-amp: the spec names no workspace; add stacks.amp")
    account = stack.role_arn.split(":")[4] if stack.role_arn else ANY_ACCOUNT
    at = ArnPlace(stack.region, options.account or account)
    # Long names are shortened to a hash, so a pattern of the system's name would not match.
    namespaces = at.arn("aps", f"rulegroupsnamespace/{stack.workspace}/*")
    workspace = at.arn("aps", f"workspace/{stack.workspace}")
    return Policy(
        (
            Statement("ListRules", ("aps:ListRuleGroupsNamespaces",), (workspace,)),
            Statement("WriteRules", _NAMESPACE_ACTIONS, (namespaces,)),
        )
    )


def _topics(system: System, sources: Sources) -> tuple[str, ...]:
    receivers = system.notify.receivers.values() if system.notify else ()
    found = {each.sns.topic_arn for each in receivers if each.sns is not None}
    return tuple(sorted(arn for arn in found if arn.split(":")[3] in regions(sources)))


def _on_policies(system: System, sources: Sources, options: PolicyOptions) -> list[Statement]:
    """Read the policies of the checked roles; of the own user where the spec names no role."""
    ours = places(sources, options.account)
    roles = {str(arn) for arn in system.checks.roles.values()}
    statements = []
    for source in sources.values():
        anyone = place(source, options.account).global_arn("iam", "role/*")
        roles.add(source.role_arn or anyone)
    if not all(source.role_arn for source in sources.values()):
        myself = tuple(at.global_arn("iam", "user/${aws:username}") for at in ours)
        statements.append(Statement("CheckOwnPolicies", _USER_ACTIONS, myself))
    policies = [at.global_arn("iam", "policy/*") for at in ours]
    policies += [ArnPlace(at.region, "aws").global_arn("iam", "policy/*") for at in ours]
    reading = ("iam:GetPolicy", "iam:GetPolicyVersion")
    return [
        *statements,
        Statement("CheckRoles", _ROLE_ACTIONS, tuple(sorted(roles))),
        Statement("CheckAttachedPolicies", reading, tuple(dict.fromkeys(policies))),
    ]
