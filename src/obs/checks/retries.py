"""Do both platforms retry an event equally often and for equally long?

JetStream: a message is delivered max_deliver times, each time waiting ack_wait (or its step of
backoff), and is gone after the stream's max_age. EventBridge: MaximumRetryAttempts and
MaximumEventAgeInSeconds of a target. Each is counted as its platform counts: 3 and 3 agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from obs.checks.advice import nats
from obs.checks.aws.eventbridge import (
    DEFAULT_EVENT_AGE,
    DEFAULT_RETRIES,
    EventBridgeFacts,
    LiveRule,
    LiveTarget,
    put_target,
    where,
)
from obs.checks.aws.facts import eventbridge
from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, FindingRows, right, wrong
from obs.checks.nats.facts import jetstream
from obs.checks.nats.jetstream import meant, named
from obs.errors import SourceError
from obs.snapshot.assets import Consumer
from obs.snapshot.nats import NatsSnapshot
from obs.spec.expected import ExpectedConsumer, ExpectedStream
from obs.spec.nats import NatsSource
from obs.spec.quantity import format_duration
from obs.spec.system import System

_SHORTEST_EVENT_AGE: Final = 60  # seconds


@dataclass(frozen=True, slots=True)
class Platforms:
    """The live configuration of both, by the names of their sources."""

    nats: Mapping[str, NatsSnapshot]
    aws: Mapping[str, EventBridgeFacts]


@dataclass(frozen=True, slots=True)
class Tries:
    """How often and for how many seconds a platform tries; None: unlimited."""

    often: int | None
    seconds: float | None

    def __str__(self) -> str:
        often = "unlimited" if self.often is None else str(self.often)
        lasts = (
            "for an unlimited time"
            if self.seconds is None
            else f"over {format_duration(self.seconds)}"
        )
        return f"{often} {lasts}"


def judge(system: System, facts: Platforms) -> Iterator[CheckFinding]:
    """Each target retries like one of the consumers that the spec names."""
    for _, consumer, age in _consumers(system, facts):
        yield from _judge_consumer(consumer, age)
    wanted = reference(system, facts)
    if not wanted:
        return
    for target_of, rule, target in _targets(facts):
        yield _judge_target(target_of, rule, target, wanted)


def reference(system: System, facts: Platforms) -> tuple[Tries, ...]:
    """Tries of the consumers that the spec names: expected values win over live ones.

    One that is meant to deliver without limit has no counterpart on EventBridge.
    """
    tries = (
        _expected(spec, consumer, age)
        for spec, consumer, age in _consumers(system, facts)
        if not meant(spec, consumer)
    )
    return tuple(dict.fromkeys(tries))


def rows(system: System, facts: Platforms) -> FindingRows:
    """The table, platform by platform."""
    heading = ("platform", "what", "tries", "waits", "for at most")
    consumers = [
        (
            "JetStream",
            f"{one.stream}/{one.name}",
            str(one.config.max_deliver) if one.config.max_deliver > 0 else "unlimited",
            ", ".join(map(format_duration, one.config.backoff or (one.config.ack_wait,))),
            format_duration(age) if age else "unlimited",
        )
        for _, one, age in _consumers(system, facts)
    ]
    targets = [
        (
            "EventBridge",
            where(rule, target),
            str(DEFAULT_RETRIES if target.retries is None else target.retries),
            "more each time",
            format_duration(DEFAULT_EVENT_AGE if target.event_age is None else target.event_age),
        )
        for _, rule, target in _targets(facts)
    ]
    return (heading, *consumers, *targets) if consumers or targets else ()


def _consumers(
    system: System, facts: Platforms
) -> Iterator[tuple[NatsSource, Consumer, float | None]]:
    """The consumers that the spec names, with their source and max_age of their stream."""
    for source, snapshot in facts.nats.items():
        ages = {(one.account, one.name): one.config.max_age for one in snapshot.streams}
        wanted = named(system, source)
        for consumer in snapshot.consumers:
            if consumer.name in wanted.get(consumer.stream, ()):
                age = ages.get((consumer.account, consumer.stream))
                yield system.sources.nats[source], consumer, age


def _expected(spec: NatsSource, consumer: Consumer, age: float | None) -> Tries:
    often = consumer.config.max_deliver if consumer.config.max_deliver > 0 else None
    stream = spec.expects.get(consumer.stream, ExpectedStream())
    expected = stream.consumers.get(consumer.name, ExpectedConsumer()).max_deliver
    return Tries(expected if isinstance(expected, int) else often, stream.max_age or age)


def _targets(facts: Platforms) -> Iterator[tuple[str, LiveRule, LiveTarget]]:
    for of in facts.aws.values():
        for rule in of.rules:
            for target in rule.targets:
                yield of.region, rule, target


def _judge_consumer(consumer: Consumer, age: float | None) -> Iterator[CheckFinding]:
    """A message must become a dead letter before the stream drops it, or its loss is silent."""
    config, at = consumer.config, f"{consumer.stream}/{consumer.name}"
    if config.max_deliver <= 0 or age is None:
        return
    lasts = longest(config.max_deliver, config.ack_wait, config.backoff)
    if lasts < age:
        yield right(
            at,
            f"gives up after {format_duration(lasts)}; messages expire after "
            f"{format_duration(age)}",
        )
        return
    fitting = max(1, int(age / config.max_deliver / 2))
    yield wrong(
        at,
        f"{config.max_deliver} deliveries take {format_duration(lasts)}, and the stream drops a "
        f"message after {format_duration(age)}: it expires before it becomes a dead letter",
        nats(
            *("consumer", "edit", consumer.stream, consumer.name),
            *("--wait", format_duration(fitting), "-f"),
        ),
    )


def longest(max_deliver: int, ack_wait: float, backoff: tuple[float, ...]) -> float:
    """Seconds from the first delivery to giving up; the last step of backoff repeats."""
    steps = backoff or (ack_wait,)
    return sum(steps[min(number, len(steps) - 1)] for number in range(max_deliver))


def _judge_target(
    region: str, rule: LiveRule, target: LiveTarget, wanted: tuple[Tries, ...]
) -> CheckFinding:
    has = Tries(
        DEFAULT_RETRIES if target.retries is None else target.retries,
        DEFAULT_EVENT_AGE if target.event_age is None else target.event_age,
    )
    possible = tuple(dict.fromkeys(Tries(*nearest(tries)) for tries in wanted))
    if has in possible:
        return right(where(rule, target), f"{has}, same as JetStream")
    best = possible[0]
    policy = {"MaximumRetryAttempts": best.often, "MaximumEventAgeInSeconds": best.seconds}
    expected = " or ".join(map(str, wanted))
    most = "" if best in wanted else f" (closest on EventBridge: {best})"
    return wrong(
        where(rule, target),
        f"tries {has}; JetStream tries {expected}{most}",
        put_target(rule, target, region, RetryPolicy=policy),
    )


def nearest(tries: Tries) -> tuple[int, int]:
    """The closest that EventBridge supports: up to 185 retries, over 60 to 86,400 seconds."""
    often = DEFAULT_RETRIES if tries.often is None else min(tries.often, DEFAULT_RETRIES)
    seconds = DEFAULT_EVENT_AGE if tries.seconds is None else int(tries.seconds)
    return often, min(max(seconds, _SHORTEST_EVENT_AGE), DEFAULT_EVENT_AGE)


def platforms(context: CheckContext) -> Platforms:
    """Both platforms. Raises SourceError."""
    sources = context.system.sources
    return Platforms(
        {name: jetstream(context, name) for name in sources.nats},
        {name: eventbridge(context, name) for name in sources.aws},
    )


def platforms_if_there(context: CheckContext) -> Platforms | None:
    """Both platforms; None where one does not answer."""
    try:
        return platforms(context)
    except SourceError:
        return None


def _both(system: System) -> tuple[str, ...]:
    return (system.system,) if system.sources.nats and system.sources.aws else ()


CHECK: Final = Check(
    "retries",
    "Do EventBridge and JetStream retry equally often and for equally long?",
    _both,
    "the spec has only one of the two platforms",
    read=lambda context, name: platforms(context),
    judge=lambda system, name, facts: judge(system, facts),
    rows=rows,
    place=20,
)
