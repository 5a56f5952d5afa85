"""What is polled in one AWS account: rules, their targets, queues, functions, topics."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.snapshot.aws import AwsNames, Rule, RuleTarget
from obs.snapshot.aws_services import Resource
from obs.snapshot.aws_tags import ResourceTags
from obs.sources.aws.services.finding import find_resources
from obs.sources.aws.sqs import FoundQueues, PolledQueue, find_queues
from obs.sources.aws.tags import Selection
from obs.sources.aws.work_queues import with_work_queues
from obs.spec.aws import AwsSource, Bus

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is polled at `at` (Unix seconds); `left_out` counts queues and others by reason.

    `names` is what exists, chosen or not.
    """

    at: float
    rules: tuple[Rule, ...]
    targets: tuple[RuleTarget, ...]
    queues: tuple[PolledQueue, ...]
    left_out: Counter[str]
    names: AwsNames
    tags: ResourceTags
    resources: tuple[Resource, ...] = ()


def take_inventory(
    client: AwsClient, spec: AwsSource, at: float, tags: ResourceTags | None = None
) -> Inventory:
    """List what the spec selects. Raises SourceError rather than return part of it."""
    selection = Selection(spec.tags, tags or ResourceTags())
    buses = client.event_buses()
    listed = {bus: _rules(client, spec.buses, bus, selection) for bus in buses}
    rules = tuple(sorted(rule for on_bus in listed.values() for rule in on_bus.chosen))
    # Of every shard: a queue of this one may be that of another one's rule.
    targets = _targets(client, rules)
    home = next((":".join(arn.split(":")[3:5]) for arn in buses.values()), "")
    queues = _queues(client, spec, targets, home, selection)
    arns = [target.arn for target in targets]
    others = find_resources(client, spec, arns, home, selection.takes)
    names = AwsNames(
        buses=tuple(sorted(buses)),
        rules=frozenset(rule for on_bus in listed.values() for rule in on_bus.every),
        disabled=frozenset(rule for on_bus in listed.values() for rule in on_bus.disabled),
        queues_like=queues.like,
        queues_denied=queues.denied,
        others=others.names,
    )
    left_out = queues.left_out + others.left_out
    share = spec.share
    mine = {rule for rule in rules if share.has("rule", rule.bus, rule.name)}
    return Inventory(
        at,
        tuple(rule for rule in rules if rule in mine),
        tuple(target for target in targets if target.rule in mine),
        tuple(queue for queue in queues.found if share.has("queue", queue.name)),
        left_out,
        names,
        selection.found,
        resources=others.found,
    )


def _queues(
    client: AwsClient,
    spec: AwsSource,
    targets: Sequence[RuleTarget],
    home: str,
    selection: Selection,
) -> FoundQueues:
    """The dead-letter queues of the targets, and those that the spec selects."""
    arns = [target.dead_letter_queue for target in targets if target.dead_letter_queue]
    of_targets = {arn.rpartition(":")[2] for arn in arns}
    found = find_queues(client, arns, spec.queues, home)
    dead_letters = _taken(found, spec.queues, selection, of_targets)
    if not spec.work_globs:
        return dead_letters
    listed = find_queues(client, (), spec.work_globs, home)
    work = _taken(listed, spec.work_globs, selection)
    return with_work_queues(client, dead_letters, work, spec.work_queues, home)


def _taken(
    found: FoundQueues, globs: Sequence[str], selection: Selection, always: Container[str] = ()
) -> FoundQueues:
    """What the tags select of the queues that globs match."""
    taken = (q for q in found.found if q.name in always or selection.takes_queue(q.name, globs))
    return replace(found, found=tuple(taken))


class _BusRules(NamedTuple):
    """The rules on one bus: all of them, those that are disabled, and those that are watched."""

    every: Sequence[Rule] = ()
    disabled: Sequence[Rule] = ()
    chosen: Sequence[Rule] = ()


def _rules(client: AwsClient, buses: Sequence[Bus], bus: str, selection: Selection) -> _BusRules:
    globs = [glob for one in buses if fnmatchcase(bus, one.name) for glob in one.rules]
    if not globs:
        return _BusRules()
    enabled = {Rule(bus, name): is_enabled for name, is_enabled in client.rules(bus).items()}
    return _BusRules(
        [*enabled],
        [rule for rule, is_enabled in enabled.items() if not is_enabled],
        [
            rule
            for rule in enabled
            if any(fnmatchcase(rule.name, glob) for glob in globs)
            and selection.takes_rule(rule, globs)
        ],
    )


def _targets(client: AwsClient, rules: Sequence[Rule]) -> tuple[RuleTarget, ...]:
    found = in_parallel(lambda rule: client.targets(rule.bus, rule.name), rules)
    return tuple(
        _target(rule, target)
        for rule, targets in zip(rules, found, strict=True)
        for target in targets
    )


def _target(rule: Rule, target: "TargetOutputTypeDef") -> RuleTarget:
    retry = target.get("RetryPolicy", {})
    return RuleTarget(
        rule=rule,
        target_id=target["Id"],
        arn=target["Arn"],
        max_retries=retry.get("MaximumRetryAttempts"),
        max_event_age=retry.get("MaximumEventAgeInSeconds"),
        dead_letter_queue=target.get("DeadLetterConfig", {}).get("Arn"),
    )
