"""The permissions of canaries: to put an event on a bus, and to take it from a queue."""

from obs.iam import arns
from obs.iam.identity import Sources, place
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions
from obs.spec.system import System


def polling(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """Publish each canary's event and no other, and receive from its queue."""
    statements: list[Statement] = []
    found = [
        (each.eventbridge, place(sources[each.eventbridge.source], options.account))
        for each in system.sources.canary.values()
        if each.eventbridge and each.eventbridge.source in sources
    ]
    kinds: dict[tuple[str, str], list[str]] = {}
    for path, where in found:
        buses = kinds.setdefault((path.event_source, path.detail_type), [])
        buses.append(where.arn("events", f"event-bus/{path.bus}"))
    for number, ((source, detail_type), buses) in enumerate(kinds.items(), 1):
        only = (
            Condition("events:source", (source,)),
            Condition("events:detail-type", (detail_type,)),
        )
        sid = f"PublishCanaries{number if number > 1 else ''}"
        statements.append(Statement(sid, ("events:PutEvents",), tuple(buses), only))
    if found:
        actions = ("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage")
        queues = [arn for path, where in found for arn in arns.queues(where, [path.queue])]
        statements.append(Statement("ReceiveCanaries", actions, tuple(dict.fromkeys(queues))))
    return Policy(tuple(statements))
