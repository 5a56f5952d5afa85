"""Reads EventBridge rules through the AWS client, without judging them."""

from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

from obs.checks.aws.eventbridge import EventBridgeFacts, LiveQueue, LiveRule, LiveTarget
from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.errors import SourceError
from obs.snapshot.aws import AwsNames, Rule
from obs.sources.aws.names import find
from obs.sources.aws.services.finding import list_named
from obs.sources.aws.sqs import find_queues
from obs.spec.aws import AwsSource
from obs.spec.globs import plain_names
from obs.spec.named import missing_in
from obs.spec.system import System

_NOT_THERE: Final = ("NonExistentQueue", "QueueDoesNotExist")


def read_eventbridge(client: AwsClient, system: System, source: str) -> EventBridgeFacts:
    """The rules that the spec selects in a source, their targets and the queues of those.

    Raises SourceError.
    """
    spec = system.sources.aws[source]
    buses = client.event_buses()
    every = [
        (bus, described)
        for bus in buses
        for described in client.listed("events", "ListRules", "Rules", EventBusName=bus)
    ]
    found = [one for one in every if _selected(spec, one[0], one[1]["Name"])]
    targets = in_parallel(lambda one: client.targets(one[0], one[1]["Name"]), found)
    rules = tuple(
        LiveRule(
            bus,
            described["Name"],
            described["Arn"],
            described.get("State", "ENABLED") != "DISABLED",
            tuple(LiveTarget(target) for target in of_rule),
        )
        for (bus, described), of_rule in zip(found, targets, strict=True)
    )
    _, partition, _, _, account = next(iter(buses.values()), "::::").split(":")[:5]
    arns = {target.dead_letter_queue for rule in rules for target in rule.targets}
    spare = next(iter(plain_names(spec.queues)), "")
    if spare:
        arns.add(f"arn:{partition}:sqs:{spec.region}:{account}:{spare}")
    wanted = sorted(arn for arn in arns if arn and arn.split(":")[3] == spec.region)
    queues = in_parallel(lambda arn: _queue(client, arn, account), wanted)
    named = find_queues(client, (), (*spec.queues, *spec.work_queues), "")
    names = AwsNames(
        buses=tuple(buses),
        rules=frozenset(Rule(bus, described["Name"]) for bus, described in every),
        queues_like=named.like,
        queues_denied=named.denied,
        others=list_named(client, spec),
    )
    return EventBridgeFacts(
        region=spec.region,
        account=account,
        rules=rules,
        queues={queue.arn: queue for queue in queues},
        missing=tuple(missing_in(system, source, partial(find, listed=names))),
        spare=spare,
    )


def _selected(spec: AwsSource, bus: str, rule: str) -> bool:
    return any(
        fnmatchcase(bus, one.name) and any(fnmatchcase(rule, glob) for glob in one.rules)
        for one in spec.buses
    )


def _queue(client: AwsClient, arn: str, account: str) -> LiveQueue:
    owner, name = arn.split(":")[4:6]
    theirs: dict[str, Any] = {} if owner == account else {"QueueOwnerAWSAccountId": owner}
    try:
        url = client.call("sqs", "GetQueueUrl", QueueName=name, **theirs)["QueueUrl"]
        return LiveQueue(arn, url, client.queue_attributes(url, ("All",)))
    except SourceError as error:
        if error.reason == "http_status" and any(code in str(error) for code in _NOT_THERE):
            return LiveQueue(arn, why="missing")
        if error.reason == "auth":
            return LiveQueue(arn, why=str(error))
        raise
