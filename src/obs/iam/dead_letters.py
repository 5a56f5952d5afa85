"""The policy of `obs dlq`."""

from collections.abc import Iterator
from typing import Final

from obs.iam import arns
from obs.iam.arns import ArnPlace
from obs.iam.identity import Sources, place, regions
from obs.iam.policy import Condition, Policy, Statement
from obs.iam.policy_options import PolicyOptions
from obs.spec.aws import AwsSource
from obs.spec.system import System

_HOLDING: Final = (
    *("sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
    *("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
)
_FINDING: Final = ("events:ListEventBuses", "events:ListRules", "sqs:ListQueues")
_SENDING: Final = ("sqs:GetQueueUrl", "sqs:SendMessage")


def dlq(system: System, sources: Sources, options: PolicyOptions) -> Policy:
    """Receive, hide and delete dead letters; send to what the spec names."""
    here = (Condition("aws:RequestedRegion", regions(sources)),)
    found = [Statement("FindDeadLetters", _FINDING, conditions=here)]
    for sid, actions, of in (
        ("HoldDeadLetters", _HOLDING, _dead_letter_queues),
        ("ReadTargets", ("events:ListTargetsByRule",), _rules),
        ("SendToQueues", _SENDING, _work_queues),
        ("SendToFunctions", ("lambda:InvokeFunction",), _functions),
        ("SendToTopics", ("sns:Publish",), _topics),
        ("SendToBuses", ("events:PutEvents",), _buses),
    ):
        named = [arn for each in sources.values() for arn in of(place(each, options.account), each)]
        if named:
            found.append(Statement(sid, actions, tuple(dict.fromkeys(named))))
    return Policy(tuple(found), tuple(_remarks(sources)))


def _dead_letter_queues(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return arns.queues(at, source.queues or ("*",))


def _rules(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return arns.rules(at, source.buses)


def _work_queues(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return arns.queues(at, source.work_globs or ("*",))


def _functions(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return tuple(at.arn("lambda", f"function:{arns.pattern(each)}") for each in source.functions)


def _topics(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return tuple(at.arn("sns", arns.pattern(each)) for each in source.topics)


def _buses(at: ArnPlace, source: AwsSource) -> tuple[str, ...]:
    return arns.buses(at, source.buses)


def _remarks(sources: Sources) -> Iterator[str]:
    yield (
        "to list and show alone, remove the statements that send, and sqs:DeleteMessage; "
        "SendToBuses is for `--to bus` only"
    )
    for name, source in sources.items():
        if not source.queues:
            yield f"{name}: messages of every queue may be deleted; name dead-letter queues: queues"
        if not source.work_globs:
            yield f"{name}: messages may be sent to every queue; name those meant: work_queues"
        if not source.functions:
            yield f"{name}: nothing may be sent to Lambda functions; name those meant: functions"
        if not source.topics:
            yield f"{name}: nothing may be sent to SNS topics; name those meant: topics"
    yield "a queue encrypted with a KMS key of your own needs kms:Decrypt on that key"
