"""EventBridge: its rules exist and are enabled, and their targets set a retry policy.

Defaults: EventBridge user guide, "How EventBridge retries delivering events".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from obs.checks.advice import aws
from obs.checks.finding import CheckFinding, not_there, right, wrong
from obs.spec.named import MissingName
from obs.spec.quantity import format_duration

DEFAULT_RETRIES: Final = 185
DEFAULT_EVENT_AGE: Final = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class LiveTarget:
    """A target as AWS describes it."""

    described: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its id within the rule."""
        return str(self.described["Id"])

    @property
    def retries(self) -> int | None:
        """How often EventBridge tries again; None where the target does not set it."""
        value = self.described.get("RetryPolicy", {}).get("MaximumRetryAttempts")
        return None if value is None else int(value)

    @property
    def event_age(self) -> int | None:
        """For how many seconds EventBridge tries; None where the target does not set it."""
        value = self.described.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds")
        return None if value is None else int(value)

    @property
    def dead_letter_queue(self) -> str | None:
        """The ARN of the queue for what could not be delivered."""
        arn = self.described.get("DeadLetterConfig", {}).get("Arn")
        return None if arn is None else str(arn)


@dataclass(frozen=True, slots=True)
class LiveRule:
    """A rule with its targets."""

    bus: str
    name: str
    arn: str
    enabled: bool
    targets: tuple[LiveTarget, ...]


@dataclass(frozen=True, slots=True)
class LiveQueue:
    """A queue behind an ARN. `attributes` None: `why` says why they are not known."""

    arn: str
    url: str = ""
    attributes: Mapping[str, str] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class EventBridgeFacts:
    """The rules of one AWS source. `missing`: buses, rules and queues that the spec names and AWS
    does not have.

    `spare`: a queue that the spec names, for targets that have none.
    """

    region: str
    account: str
    rules: tuple[LiveRule, ...]
    queues: Mapping[str, LiveQueue] = field(default_factory=dict)
    missing: tuple[MissingName, ...] = ()
    spare: str = ""


def judge_rules(
    facts: EventBridgeFacts, wanted: tuple[int, int] = (DEFAULT_RETRIES, DEFAULT_EVENT_AGE)
) -> Iterator[CheckFinding]:
    """Each rule exists, is enabled and has a target; each target sets a retry policy.

    `wanted`: retries and event age to advise.
    """
    for missing in facts.missing:
        yield not_there(missing)
    for rule in facts.rules:
        yield from _judge_rule(rule, facts.region)
        for target in rule.targets:
            yield _judge_retries(rule, target, facts.region, wanted)


def put_target(rule: LiveRule, target: LiveTarget, region: str, **changes: object) -> str:
    """The command that changes a target and leaves its other settings unchanged."""
    described = {**target.described, **changes}
    return aws(
        "events put-targets", region, rule=rule.name, event_bus_name=rule.bus, targets=[described]
    )


def where(rule: LiveRule, target: LiveTarget | None = None) -> str:
    """The name that findings give a rule, or a target of it."""
    return f"{rule.bus}/{rule.name}" + (f" → {target.id}" if target else "")


def _judge_rule(rule: LiveRule, region: str) -> Iterator[CheckFinding]:
    if not rule.enabled:
        yield wrong(
            where(rule),
            "the rule is disabled: nothing is delivered",
            aws("events enable-rule", region, name=rule.name, event_bus_name=rule.bus),
        )
    if not rule.targets:
        yield wrong(
            where(rule),
            "the rule has no target: its events are discarded",
            f"give rule {rule.name} a target, or delete it",
        )


def _judge_retries(
    rule: LiveRule, target: LiveTarget, region: str, wanted: tuple[int, int]
) -> CheckFinding:
    retries, age = target.retries, target.event_age
    if retries is not None and age is not None:
        return right(where(rule, target), f"{retries} retries over {format_duration(age)}")
    policy_in_effect = (
        f"{DEFAULT_RETRIES if retries is None else retries} retries over "
        f"{format_duration(DEFAULT_EVENT_AGE if age is None else age)}"
    )
    policy = {
        "MaximumRetryAttempts": wanted[0] if retries is None else retries,
        "MaximumEventAgeInSeconds": wanted[1] if age is None else age,
    }
    return wrong(
        where(rule, target),
        f"no complete retry policy: AWS uses {policy_in_effect}",
        put_target(rule, target, region, RetryPolicy=policy),
    )
