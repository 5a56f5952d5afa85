"""What is polled in one AWS account: rules, their targets, queues."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from obs.clients.aws import AwsClient
from obs.clients.parallel import in_parallel
from obs.snapshot import AwsNames, Rule, RuleTarget
from obs.sources.aws.sqs import PolledQueue, find_queues
from obs.spec.aws import AwsSource, Bus

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef


@dataclass(frozen=True, slots=True)
class Inventory:
    """Rules and queues at `at` (Unix seconds); `left_out` counts queues by reason.

    `names` is what exists, chosen or not.
    """

    at: float
    rules: tuple[Rule, ...]
    targets: tuple[RuleTarget, ...]
    queues: tuple[PolledQueue, ...]
    left_out: Counter[str]
    names: AwsNames


def take_inventory(client: AwsClient, spec: AwsSource, at: float) -> Inventory:
    """List what the spec selects. Raises SourceError rather than return part of it."""
    buses = client.event_buses()
    listed = {bus: _rules(client, spec.buses, bus) for bus in buses}
    rules = tuple(sorted(rule for on_bus in listed.values() for rule in on_bus.chosen))
    targets = _targets(client, rules)
    home = next((":".join(arn.split(":")[3:5]) for arn in buses.values()), "")
    queues = find_queues(
        client,
        [target.dead_letter_queue for target in targets if target.dead_letter_queue],
        spec.queues,
        home,
    )
    names = AwsNames(
        buses=tuple(sorted(buses)),
        rules=frozenset(rule for on_bus in listed.values() for rule in on_bus.every),
        disabled=frozenset(rule for on_bus in listed.values() for rule in on_bus.disabled),
        queues_like=queues.like,
        queues_denied=queues.denied,
    )
    return Inventory(at, rules, targets, queues.found, queues.left_out, names)


class _BusRules(NamedTuple):
    """The rules on one bus: all of them, those that are disabled, and those that are watched."""

    every: Sequence[Rule] = ()
    disabled: Sequence[Rule] = ()
    chosen: Sequence[Rule] = ()


def _rules(client: AwsClient, selection: Sequence[Bus], bus: str) -> _BusRules:
    globs = [glob for one in selection if fnmatchcase(bus, one.name) for glob in one.rules]
    if not globs:
        return _BusRules()
    enabled = {Rule(bus, name): is_enabled for name, is_enabled in client.rules(bus).items()}
    return _BusRules(
        [*enabled],
        [rule for rule, is_enabled in enabled.items() if not is_enabled],
        [rule for rule in enabled if any(fnmatchcase(rule.name, glob) for glob in globs)],
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
