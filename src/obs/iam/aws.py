"""The permissions for polling AWS sources."""

from collections.abc import Iterator, Sequence

from obs.iam import arns
from obs.iam.identity import Sources, place, regions
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions
from obs.sources.aws.dead_letter_causes import hidden_for
from obs.sources.aws.services.kinds import KINDS
from obs.spec.aws import AwsSource
from obs.spec.system import System


def polling(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """Read metrics, and list buses, rules, targets, queues and what else the spec names."""
    return Policy(tuple(_reading(sources, options.account)), tuple(_notes(sources)))


def _reading(sources: Sources, account: str | None) -> Iterator[Statement]:
    where = (Condition("aws:RequestedRegion", regions(sources)),)
    yield Statement("ReadMetrics", ("cloudwatch:GetMetricData",), conditions=where)
    listing = ["events:ListEventBuses", "events:ListRules"]
    if any(each.queues or each.work_globs for each in sources.values()):
        listing.append("sqs:ListQueues")
    listing += listing_of_services(sources)
    listing += [
        action
        for kind in KINDS
        if any(kind.globs(each) for each in sources.values())
        for action in kind.told_by
    ]
    yield Statement("List", tuple(listing), conditions=where)
    rules = [arn for one in sources.values() for arn in arns.rules(place(one, account), one.buses)]
    if rules:
        yield Statement("ReadTargets", ("events:ListTargetsByRule",), tuple(rules))
    queues = [
        arn
        for one in sources.values()
        for arn in arns.queues(place(one, account), _globs(one) or ("*",) * bool(one.buses))
    ]
    if queues:
        reading = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
        yield Statement("ReadQueues", reading, tuple(queues))
    yield from _on_causes_and_tags(sources, account, where)


def listing_of_services(sources: Sources) -> list[str]:
    """The actions that list the functions, topics, … of kinds that these sources name."""
    return [
        kind.listing.action
        for kind in KINDS
        if kind.listing and any(kind.globs(each) for each in sources.values())
    ]


def _globs(source: AwsSource) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*source.queues, *source.work_globs)))


def _notes(sources: Sources) -> Iterator[str]:
    yield from _on_queues(sources)
    yield from _on_receiving(sources)


def _on_queues(sources: Sources) -> Iterator[str]:
    for name, source in sources.items():
        if globs := _globs(source):
            yield (
                f"{name}: of queues only {', '.join(globs)} may be read; name each "
                "dead-letter queue of a rule under `queues`, or it is left out"
            )
        elif source.buses:
            yield (
                f"{name}: every queue's attributes may be read, because the spec names none; name "
                "the dead-letter queues under `queues` to allow only those"
            )


def _on_causes_and_tags(
    sources: Sources, account: str | None, where: Sequence[Condition]
) -> Iterator[Statement]:
    """Receive from dead-letter queues, and read tags, where the spec asks for it."""
    asked = [each for each in sources.values() if each.dead_letter_causes]
    if asked:
        actions = ["sqs:ReceiveMessage"]
        if any(hidden_for("", each.dead_letter_causes_most) for each in asked):
            actions.append("sqs:ChangeMessageVisibility")
        queues = [
            arn
            for each in asked
            for arn in arns.queues(place(each, account), each.queues or ("*",))
        ]
        yield Statement("ReadCauses", tuple(actions), tuple(queues))
    if any(each.reads_tags for each in sources.values()):
        yield Statement("ReadTags", ("tag:GetResources",), conditions=tuple(where))


def _on_receiving(sources: Sources) -> Iterator[str]:
    """What a reader of the policy has to know of it."""
    for name, source in sources.items():
        if not source.dead_letter_causes:
            continue
        if not source.queues:
            yield (
                f"{name}: messages of every queue may be received, because `queues` names none; "
                "name the dead-letter queues there to allow only those"
            )
        yield (
            f"{name}: for queues that a KMS key of yours encrypts, allow kms:Decrypt with that key "
            "too, or the causes of their dead letters are not read"
        )
