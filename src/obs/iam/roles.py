"""The policies of the collector and of the system that it monitors."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from obs.catalogue.metric import Metric
from obs.errors import BadInput
from obs.iam import arns, dead_letters, operators, workspaces
from obs.iam.identity import (
    Sources,
    Way,
    identities,
    label_of,
    of_reader,
    of_sign_in,
    place,
    regions,
    sources_of,
)
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions
from obs.sources.kinds import KINDS, module_of
from obs.spec.cloudwatch_metrics import selections
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System

_ACCOUNT_UNKNOWN: Final = "ARNs have * for the account; give its number with --account"


def policy_for(role: str, system: System, options: PolicyOptions) -> Policy:
    """The least-privilege policy of `role`, one of obs.iam.ROLES.

    Raises BadInput where the spec cannot tell.
    """
    if role == "collector" and not system.sources.aws and (found := _signers(system, options)):
        if len(found) > 1:
            raise BadInput(f"different credentials need separate policies: {', '.join(found)}")
        return next(iter(found.values()))
    sources = {} if role == "apply-amp" else sources_of(system, options.source, way_of(role))
    return _complete(role, _POLICIES[role](system, sources, options))


def _complete(role: str, policy: Policy) -> Policy:
    if not policy.statements:
        raise BadInput(f"{role}: with this spec it makes no request to AWS, and needs no policy")
    unknown = any(":*:" in arn for each in policy.statements for arn in each.resources)
    return Policy(policy.statements, policy.remarks + ((_ACCOUNT_UNKNOWN,) if unknown else ()))


def policies_for(role: str, system: System, options: PolicyOptions) -> dict[str, Policy]:
    """The policy of each identity that has this role, by the identity.

    There is one unless the spec's AWS sources sign in differently. Raises BadInput as policy_for.
    """
    if role == "apply-amp":
        return {role: policy_for(role, system, options)}
    signers = _signers(system, options) if role == "collector" and not options.source else {}
    if signers and not system.sources.aws:
        return signers
    found: dict[str, Policy] = {}
    refused: list[BadInput] = []
    for label, sources in identities(system, options.source, way_of(role)).items():
        try:
            found[label] = policy_for(role, system, replace(options, source=next(iter(sources))))
        except BadInput as error:  # nothing to do in this account
            refused.append(error)
    found |= {
        f"{label} of Prometheus" * (label in found) or label: signers[label] for label in signers
    }
    if not found:
        raise refused[0]
    return found


def _signers(system: System, options: PolicyOptions) -> dict[str, Policy]:
    """The policies of identities that only sign requests to workspaces of Prometheus."""
    readers = {each.sign_in for each in system.sources.aws.values()}
    found: dict[str, Policy] = {}
    asked = workspaces.used(system, options)
    for access in {each.by.sign_in: each.by for each in asked}.values():
        if access.sign_in not in readers:
            needed = workspaces.statements(asked, [access.sign_in], options)
            policy = _complete("collector", Policy(tuple(needed)))
            found[label_of(access, access.role_arn)] = policy
    return found


def way_of(role: str) -> Way:
    """Who signs in has one policy for all the roles that it assumes."""
    return of_sign_in if role == "sign-in" else of_reader


def _collector(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    policies = (
        module.polling(system, sources, options)
        for kind in KINDS
        if kind.key in options.kinds and (module := module_of(kind, "obs.iam")) is not None
    )
    polled = [each for each in policies if each.statements]
    statements = [statement for each in polled for statement in each.statements]
    statements += _listing_metrics(system, sources) if polled else ()
    statements += _publishing(system, sources, options)
    statements += _leasing(system, sources, options)
    ours = {each.sign_in for each in sources.values()}
    statements += workspaces.statements(workspaces.used(system, options), ours, options)
    if polled and system.checks.every is not None:  # it runs `obs check` as well
        needed = operators.check(system, sources, options).statements
        statements += [each for each in needed if each not in statements]
    remarks = [remark for each in polled for remark in each.remarks]
    if any(each.web_identity_token_file for each in sources.values()):
        remarks.append("this is for the role of role_arn; --for trust is who may assume it")
    elif any(each.role_arn for each in sources.values()):
        remarks.append("this is for the role of role_arn; who assumes it needs --for sign-in")
    return Policy(tuple(statements), tuple(remarks))


def _listing_metrics(system: System, sources: Sources) -> Iterator[Statement]:
    """Where the spec has globs for dimensions of CloudWatch metrics."""
    named = [metric for each in sources.values() for metric in each.metrics]
    asked = [selected for slo in system.slos for selected in selections(slo.sli.measured)]
    if any(each.is_listed for each in (*named, *asked)):
        here = (Condition("aws:RequestedRegion", regions(sources)),)
        yield Statement("ListMetrics", ("cloudwatch:ListMetrics",), conditions=here)


def _publishing(system: System, sources: Sources, options: PolicyOptions) -> Iterator[Statement]:
    output = system.outputs.cloudwatch
    if output is None or output.source not in sources:
        return
    if any(_is_published(each, system, options) for each in output.published):
        conditions = (
            Condition("aws:RequestedRegion", (sources[output.source].region,)),
            Condition("cloudwatch:namespace", (output.namespace,)),
        )
        yield Statement("PublishMetrics", ("cloudwatch:PutMetricData",), conditions=conditions)


def _leasing(system: System, sources: Sources, options: PolicyOptions) -> Iterator[Statement]:
    lease = system.ha.lease.dynamodb if system.ha else None
    if lease is not None and lease.source in sources:
        table = place(sources[lease.source], options.account).arn(
            "dynamodb", f"table/{lease.table}"
        )
        yield Statement("KeepLease", ("dynamodb:GetItem", "dynamodb:PutItem"), (table,))


def _is_published(metric: Metric, system: System, options: PolicyOptions) -> bool:
    """Whether a metric is published: it is only where a source of its kind is polled."""
    kinds = [kind for kind in SOURCE_KINDS if kind in metric.labels]
    return all(kind in options.kinds and bool(system.sources.of(kind)) for kind in kinds)


def _sign_in(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    profiles = {each.profile for each in sources.values()}
    signing = [each.by for each in workspaces.used(system, options) if each.by.profile in profiles]
    roles = {
        each.role_arn
        for each in (*sources.values(), *signing)
        if each.role_arn and not each.web_identity_token_file
    }
    if not roles:
        if any(each.role_arn for each in sources.values()):
            raise BadInput("sign-in: the role is assumed with a token alone, see --for trust")
        raise BadInput("sign-in: no AWS source has a role_arn, so no role is assumed")
    return Policy((Statement("AssumeRole", ("sts:AssumeRole",), tuple(sorted(roles))),))


def _publisher(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    buses = [
        arn
        for one in sources.values()
        for arn in arns.buses(place(one, options.account), one.buses)
    ]
    event_source = (Condition("events:source", (options.event_source or system.system,)),)
    return Policy((Statement("PublishEvents", ("events:PutEvents",), tuple(buses), event_source),))


def _dlq_processor(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    queues = [
        arn
        for one in sources.values()
        for arn in arns.queues(place(one, options.account), one.queues)
    ]
    if not queues:
        raise BadInput("dlq-processor: name the dead-letter queues under sources.aws.NAME.queues")
    # The actions of a Lambda event source mapping, which are enough for any worker.
    actions = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
    return Policy(
        (Statement("ProcessDeadLetters", actions, tuple(queues)),),
        (
            "one that puts events back on the bus needs --for publisher as well",
            "a queue encrypted with a KMS key of your own needs kms:Decrypt on that key",
        ),
    )


_POLICIES: Final[Mapping[str, Callable[[System, Sources, PolicyOptions], Policy]]] = {
    "collector": _collector,
    "sign-in": _sign_in,
    "publisher": _publisher,
    "dlq-processor": _dlq_processor,
    "dlq": dead_letters.dlq,
    "check": operators.check,
    "apply": operators.apply,
    "apply-amp": operators.apply_amp,
}
