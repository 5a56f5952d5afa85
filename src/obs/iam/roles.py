"""The policies of those who take part: the collector, and the system that it watches."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from obs import catalogue
from obs.errors import BadInput
from obs.iam import arns, operators
from obs.iam.identity import Sources, place, regions, sources_of
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import ALL_SOURCE_KINDS, PolicyOptions
from obs.spec.system import System

__all__ = ["ALL_SOURCE_KINDS", "PolicyOptions", "policy_for"]

_OF_NATS: Final = frozenset(each.name for each in catalogue.ALL if "nats" in each.labels)
_ACCOUNT_UNKNOWN: Final = "ARNs have * for the account; give its number with --account"


def policy_for(role: str, system: System, wish: PolicyOptions) -> Policy:
    """The least that `role`, one of obs.iam.ROLES, needs.

    Raises BadInput where the spec cannot tell.
    """
    sources = {} if role == "apply-amp" else sources_of(system, wish.source)
    policy = _POLICIES[role](system, sources, wish)
    if not policy.statements:
        raise BadInput(f"{role}: with this spec it makes no request to AWS, and needs no policy")
    unknown = any(":*:" in arn for each in policy.statements for arn in each.resources)
    return Policy(policy.statements, policy.remarks + ((_ACCOUNT_UNKNOWN,) if unknown else ()))


def _collector(system: System, sources: Sources, wish: PolicyOptions) -> Policy:
    statements = [*_publishing(system, sources, wish)]
    remarks: list[str] = []
    if "aws" in wish.kinds:
        statements = [*_reading(sources, wish.account), *statements]
        remarks += _on_queues(sources)
        if system.checks.every is not None:  # it runs `obs check` as well
            statements += operators.check(system, sources, wish).statements
    if any(each.role_arn for each in sources.values()):
        remarks.append("this is for the role of role_arn; who assumes it needs --for sign-in")
    return Policy(tuple(statements), tuple(remarks))


def _reading(sources: Sources, account: str | None) -> Iterator[Statement]:
    where = (Condition("aws:RequestedRegion", regions(sources)),)
    yield Statement("ReadMetrics", ("cloudwatch:GetMetricData",), conditions=where)
    listing = ["events:ListEventBuses", "events:ListRules"]
    if any(each.queues for each in sources.values()):
        listing.append("sqs:ListQueues")
    yield Statement("List", tuple(listing), conditions=where)
    rules = [arn for one in sources.values() for arn in arns.rules(place(one, account), one.buses)]
    yield Statement("ReadTargets", ("events:ListTargetsByRule",), tuple(rules))
    queues = [
        arn
        for one in sources.values()
        for arn in arns.queues(place(one, account), one.queues or ("*",))
    ]
    reading = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
    yield Statement("ReadQueues", reading, tuple(queues))


def _on_queues(sources: Sources) -> Iterator[str]:
    for name, source in sources.items():
        if source.queues:
            yield (
                f"{name}: of queues only {', '.join(source.queues)} may be read; name each "
                "dead-letter queue of a rule under `queues`, or it is left out"
            )
        else:
            yield (
                f"{name}: every queue's attributes may be read, because the spec names none; name "
                "the dead-letter queues under `queues` to allow only those"
            )


def _publishing(system: System, sources: Sources, wish: PolicyOptions) -> Iterator[Statement]:
    output = system.outputs.cloudwatch
    if output is None or output.source not in sources:
        return
    # Metrics of one kind of source are published only where such a source is polled.
    told = "nats" in wish.kinds and bool(system.sources.nats)
    if told or not _OF_NATS.issuperset(output.metrics):
        conditions = (
            Condition("aws:RequestedRegion", (sources[output.source].region,)),
            Condition("cloudwatch:namespace", (output.namespace,)),
        )
        yield Statement("PublishMetrics", ("cloudwatch:PutMetricData",), conditions=conditions)


def _sign_in(system: System, sources: Sources, wish: PolicyOptions) -> Policy:
    roles = {each.role_arn for each in sources.values() if each.role_arn}
    if not roles:
        raise BadInput("sign-in: no AWS source has a role_arn, so no role is assumed")
    return Policy((Statement("AssumeRole", ("sts:AssumeRole",), tuple(roles)),))


def _publisher(system: System, sources: Sources, wish: PolicyOptions) -> Policy:
    buses = [
        arn for one in sources.values() for arn in arns.buses(place(one, wish.account), one.buses)
    ]
    event_source = (Condition("events:source", (wish.event_source or system.system,)),)
    return Policy((Statement("PublishEvents", ("events:PutEvents",), tuple(buses), event_source),))


def _dlq_processor(system: System, sources: Sources, wish: PolicyOptions) -> Policy:
    queues = [
        arn for one in sources.values() for arn in arns.queues(place(one, wish.account), one.queues)
    ]
    if not queues:
        raise BadInput("dlq-processor: name the dead-letter queues under sources.aws.NAME.queues")
    # What an event source mapping of Lambda needs, and a worker of one's own no more.
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
    "check": operators.check,
    "apply": operators.apply,
    "apply-amp": operators.apply_amp,
}
