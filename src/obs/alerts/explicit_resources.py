"""What a spec names in full: rules, queues and consumers for which a target needs a name each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from obs.alerts.conditions.scope import Labels
from obs.spec.alerts import Override
from obs.spec.globs import is_plain, matches, plain_names
from obs.spec.system import System
from obs.spec.watched import BusRules, ConsumerName


@dataclass(frozen=True, slots=True, order=True)
class ExplicitRule:
    """An EventBridge rule."""

    aws: str
    bus: str
    rule: str

    @property
    def labels(self) -> Labels:
        """What an override may select it by."""
        return (("aws", self.aws), ("bus", self.bus), ("rule", self.rule))


@dataclass(frozen=True, slots=True, order=True)
class ExplicitQueue:
    """An SQS queue."""

    aws: str
    queue: str

    @property
    def labels(self) -> Labels:
        """What an override may select it by."""
        return (("aws", self.aws), ("queue", self.queue))


@dataclass(frozen=True, slots=True, order=True)
class ExplicitConsumer:
    """A JetStream consumer; its account is not known before the collector runs."""

    stream: str
    consumer: str
    nats: str

    @property
    def labels(self) -> Labels:
        """What an override may select it by."""
        return (("nats", self.nats), ("stream", self.stream), ("consumer", self.consumer))


def explicit_rules(system: System, aws: str) -> tuple[ExplicitRule, ...]:
    """The rules of an AWS source that its buses, the SLOs and the overrides name."""
    source = system.sources.aws[aws]
    found = {
        (name, rule)
        for bus in source.buses
        for name in plain_names([bus.name])
        for rule in plain_names(bus.rules)
    }
    for slo in system.slos:
        if slo.sli.measured.source == aws:
            for named in slo.sli.measured.names():
                if isinstance(named, BusRules):
                    found |= {(named.bus, rule) for rule in plain_names(named.rules)}
    for override in _overrides(system):
        if override.bus and override.rule and override.aws in (None, aws):
            found.add((override.bus, override.rule))
    watched = [
        (bus, rule)
        for bus, rule in found
        if any(matches(bus, [one.name]) and matches(rule, one.rules) for one in source.buses)
    ]
    return tuple(ExplicitRule(aws, bus, rule) for bus, rule in sorted(watched))


def rule_globs(system: System, aws: str) -> tuple[str, ...]:
    """What of an AWS source's buses is written as a glob, `bus/rule` each."""
    return tuple(
        f"{bus.name}/{rule}"
        for bus in system.sources.aws[aws].buses
        for rule in bus.rules
        if not (is_plain(bus.name) and is_plain(rule))
    )


def explicit_queues(system: System, aws: str) -> tuple[ExplicitQueue, ...]:
    """The queues of an AWS source that it or an override names."""
    globs = system.sources.aws[aws].queues
    found = set(plain_names(globs))
    for override in _overrides(system):
        if override.queue and override.aws in (None, aws) and matches(override.queue, globs):
            found.add(override.queue)
    return tuple(ExplicitQueue(aws, queue) for queue in sorted(found))


def explicit_consumers(system: System) -> tuple[ExplicitConsumer, ...]:
    """The consumers that the sources, the SLOs and the overrides name; each series once.

    CloudWatch's series know the stream and the consumer only: of several sources with both, the
    first stands for all.
    """
    first: dict[tuple[str, str], ExplicitConsumer] = {}
    for each in sorted(set(_consumers(system))):
        first.setdefault((each.stream, each.consumer), each)
    return tuple(first.values())


def _consumers(system: System) -> Iterator[ExplicitConsumer]:
    for nats, source in system.sources.nats.items():
        for stream in plain_names(source.streams.include):
            for consumer in plain_names(source.consumers.include):
                yield ExplicitConsumer(stream, consumer, nats)
    for slo in system.slos:
        for named in slo.sli.measured.names():
            if isinstance(named, ConsumerName):
                yield ExplicitConsumer(named.stream, named.consumer, slo.sli.measured.source)
    for override in _overrides(system):
        if override.stream and override.consumer:
            names = [override.nats] if override.nats else sorted(system.sources.nats)
            yield from (
                ExplicitConsumer(override.stream, override.consumer, nats) for nats in names
            )


def _overrides(system: System) -> Iterable[Override]:
    return [override for tuning in system.alerts.values() for override in tuning.overrides]
