"""The permissions for polling AWS sources."""

from collections.abc import Iterator

from obs.iam import arns
from obs.iam.identity import Sources, place, regions
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions


def polling(sources: Sources, options: PolicyOptions) -> Policy:
    """Read metrics, and list buses, rules, targets and queues."""
    return Policy(tuple(_reading(sources, options.account)), tuple(_on_queues(sources)))


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
