"""Dead-letter queues of EventBridge targets: undelivered events are retained.

EventBridge user guide, "Using dead-letter queues to process undelivered events": the queue is a
standard one in the rule's region, and its policy lets events.amazonaws.com send from the rule.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from obs.checks.advice import aws, compact
from obs.checks.aws.eventbridge import (
    DEFAULT_EVENT_AGE,
    EventBridgeFacts,
    LiveQueue,
    LiveRule,
    LiveTarget,
    put_target,
    where,
)
from obs.checks.aws.policy import VERSION, Statement, statements, written_statements
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.spec.quantity import format_duration

LONGEST_RETENTION: Final = 1_209_600  # seconds: 14 days
DEFAULT_RETENTION: Final = 345_600
_SENDER: Final = "events.amazonaws.com"
_SEND: Final = "sqs:SendMessage"
_SOURCE: Final = "aws:sourcearn"
_SID: Final = "EventBridgeDeadLetters"


def judge_dead_letters(facts: EventBridgeFacts) -> Iterator[CheckFinding]:
    """Each target has a dead-letter queue that accepts and retains undelivered events."""
    for rule in facts.rules:
        for target in rule.targets:
            yield from _judge_queue(rule, target, facts)


def _judge_queue(
    rule: LiveRule, target: LiveTarget, facts: EventBridgeFacts
) -> Iterator[CheckFinding]:
    at, arn = where(rule, target), target.dead_letter_queue
    if arn is None:
        yield wrong(
            at,
            "no dead-letter queue: events that cannot be delivered are lost",
            *_new_queue(rule, target, facts),
        )
        return
    region, name = arn.split(":")[3], arn.rpartition(":")[2]
    if region != facts.region:
        yield wrong(
            at,
            f"dead-letter queue {name} is in {region}, the rule in {facts.region}: EventBridge "
            "sends only to queues in the rule's region",
            *_new_queue(rule, target, facts),
        )
        return
    queue = facts.queues[arn]
    if queue.attributes is None:
        yield _unknown_queue(rule, target, facts, queue)
        return
    problems = [*_queue_problems(rule, target, queue, facts)]
    retention = format_duration(_retention(queue.attributes))
    yield from problems or [
        right(at, f"dead letters go to {name}, which retains them for {retention}")
    ]


def _unknown_queue(
    rule: LiveRule, target: LiveTarget, facts: EventBridgeFacts, queue: LiveQueue
) -> CheckFinding:
    at, name = where(rule, target), queue.arn.rpartition(":")[2]
    if queue.why == "missing":
        return wrong(
            at, f"dead-letter queue {name} does not exist", *_new_queue(rule, target, facts)
        )
    return doubtful(
        at,
        f"dead-letter queue {name} cannot be read: {queue.why}",
        f"allow sqs:GetQueueUrl and sqs:GetQueueAttributes on {queue.arn}",
    )


def _queue_problems(
    rule: LiveRule, target: LiveTarget, queue: LiveQueue, facts: EventBridgeFacts
) -> Iterator[CheckFinding]:
    at, name, attributes = where(rule, target), queue.arn.rpartition(":")[2], queue.attributes or {}
    if name.endswith(".fifo") or attributes.get("FifoQueue") == "true":
        yield wrong(
            at,
            f"dead-letter queue {name} is a FIFO queue; EventBridge requires a standard queue",
            *_new_queue(rule, target, facts),
        )
        return
    yield from _policy_problems(at, rule, queue, facts)
    age = DEFAULT_EVENT_AGE if target.event_age is None else target.event_age
    retention = _retention(attributes)
    if retention <= age:
        yield wrong(
            at,
            f"queue {name} retains messages for {format_duration(retention)}, no longer than the "
            f"{format_duration(age)} for which EventBridge retries",
            _set(queue, facts, MessageRetentionPeriod=str(LONGEST_RETENTION)),
        )
    if attributes.get("KmsMasterKeyId") == "alias/aws/sqs":
        yield doubtful(
            at,
            f"queue {name} is encrypted with the AWS managed key, whose policy does not let "
            "EventBridge use it",
            _set(queue, facts, KmsMasterKeyId="", SqsManagedSseEnabled="true"),
        )


def _policy_problems(
    at: str, rule: LiveRule, queue: LiveQueue, facts: EventBridgeFacts
) -> Iterator[CheckFinding]:
    name, policy = queue.arn.rpartition(":")[2], (queue.attributes or {}).get("Policy", "")
    may_send = _may_send(statements(policy) if policy else (), queue.arn, rule.arn)
    if may_send == "yes":
        return
    permitting = _permitting(policy, queue.arn, _senders(queue.arn, facts))
    advice = _set(queue, facts, Policy=compact(permitting))
    if may_send == "no":
        yield wrong(at, f"the policy of queue {name} does not let this rule send to it", advice)
    else:
        yield doubtful(
            at,
            f"the policy of queue {name} lets any rule of any account send to it; "
            "aws:SourceArn should name this one",
            advice,
        )


def _set(queue: LiveQueue, facts: EventBridgeFacts, **attributes: str) -> str:
    return aws("sqs set-queue-attributes", facts.region, queue_url=queue.url, attributes=attributes)


def _new_queue(rule: LiveRule, target: LiveTarget, facts: EventBridgeFacts) -> tuple[str, ...]:
    """Commands that give a target a working dead-letter queue."""
    arn = _intended(rule, target, facts)
    known = facts.queues.get(arn)
    commands = []
    if known is None or known.attributes is None:
        attributes = {
            "MessageRetentionPeriod": str(LONGEST_RETENTION),
            "Policy": compact(_permitting("", arn, _senders(arn, facts))),
        }
        name = arn.rpartition(":")[2]
        commands.append(
            aws("sqs create-queue", facts.region, queue_name=name, attributes=attributes)
        )
    if target.dead_letter_queue != arn:
        commands.append(put_target(rule, target, facts.region, DeadLetterConfig={"Arn": arn}))
    return tuple(commands)


def _intended(rule: LiveRule, target: LiveTarget, facts: EventBridgeFacts) -> str:
    """The ARN of the queue that a target should have: its own, made standard and near."""
    own = target.dead_letter_queue
    if own is not None and own.split(":")[3] == facts.region and not own.endswith(".fifo"):
        return own
    if own is None:
        name = facts.spare or f"{rule.name}-dlq"
    else:
        name = own.rpartition(":")[2].removesuffix(".fifo")
    partition = rule.arn.split(":")[1]
    return f"arn:{partition}:sqs:{facts.region}:{facts.account}:{name}"


def _senders(queue: str, facts: EventBridgeFacts) -> list[str]:
    """The ARNs of the rules whose dead letters should go to a queue."""
    return sorted(
        rule.arn
        for rule in facts.rules
        if any(_intended(rule, target, facts) == queue for target in rule.targets)
    )


def _retention(attributes: Mapping[str, str]) -> int:
    return int(attributes.get("MessageRetentionPeriod", DEFAULT_RETENTION))


def _may_send(policy: tuple[Statement, ...], queue: str, rule: str) -> str:
    """yes, no, or anybody: also rules of others."""
    about = [one for one in policy if one.covers(_SEND) and one.on(queue) and _to_sender(one)]
    # A denial counts where it surely holds: one on unencrypted transport, for example, does not.
    if any(not one.allows and _holds(one, rule) is True for one in about):
        return "no"
    allowing = [one for one in about if one.allows and _holds(one, rule) is not False]
    if any(_names_source(one) for one in allowing):
        return "yes"
    return "anybody" if allowing else "no"


def _names_source(statement: Statement) -> bool:
    named = [value for one in statement.condition(_SOURCE) for value in one.values]
    accounts = statement.condition("aws:sourceaccount")
    return bool(accounts) or any(not set(value) <= {"*", "?"} for value in named)


def _to_sender(statement: Statement) -> bool:
    return any(
        (kind == "Service" and value == _SENDER) or (kind in ("*", "AWS") and value == "*")
        for kind, value in statement.principals
    )


def _holds(statement: Statement, rule: str) -> bool | None:
    """Whether its conditions hold for events of this rule; None where that is unknown."""
    known = {_SOURCE: rule, "aws:sourceaccount": rule.split(":")[4]}
    held = [
        condition.allows(known[condition.key]) if condition.key in known else None
        for condition in statement.conditions
    ]
    if False in held:
        return False
    return None if None in held else True


def _permitting(policy: str, queue: str, rules: Sequence[str]) -> dict[str, object]:
    """The policy with a statement that lets these rules send.

    A statement that lets every rule send goes: it would make the new one pointless.
    """
    written = json.loads(policy) if policy else {}
    kept, sources = [], set(rules)
    for one, read in zip(written_statements(written), statements(written), strict=True):
        if read.sid == _SID:
            sources.update(value for named in read.condition(_SOURCE) for value in named.values)
        elif not _lets_anybody(read):
            kept.append(one)
    permission = {
        "Sid": _SID,
        "Effect": "Allow",
        "Principal": {"Service": _SENDER},
        "Action": _SEND,
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": sorted(sources)}},
    }
    return {"Version": written.get("Version", VERSION), "Statement": [*kept, permission]}


def _lets_anybody(statement: Statement) -> bool:
    only_send = set(statement.actions) <= {_SEND.lower(), "sqs:*", "*"}
    return (
        statement.allows
        and only_send
        and bool(statement.principals)
        and _to_sender(statement)
        and not statement.conditions
    )
