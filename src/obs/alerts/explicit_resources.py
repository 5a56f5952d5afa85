"""What a spec names in full: rules, queues, consumers, … for which a target needs a name each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from obs.alerts.conditions.scope import Labels
from obs.sources.nats.server_answer import address
from obs.spec.alerts import OBJECT_LABELS, Override
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
    """The dead-letter queues of an AWS source that it or an override names."""
    return _queues(system, aws, system.sources.aws[aws].queues)


def explicit_work_queues(system: System, aws: str) -> tuple[ExplicitQueue, ...]:
    """The work queues of an AWS source that it or an override names.

    Of an override only what it names in full: what globs match may be a dead-letter queue.
    """
    return _queues(system, aws, plain_names(system.sources.aws[aws].work_queues))


def _queues(system: System, aws: str, globs: Sequence[str]) -> tuple[ExplicitQueue, ...]:
    found = set(plain_names(globs))
    for override in _overrides(system):
        if override.queue and override.aws in (None, aws) and matches(override.queue, globs):
            found.add(override.queue)
    return tuple(ExplicitQueue(aws, queue) for queue in sorted(found))


def explicit_objects(
    system: System, labels: Sequence[str], where: Labels = ()
) -> tuple[Labels, ...]:
    """What sources, SLOs and overrides name that has all these labels, each set of values once.

    `where` are values of labels that no object has. An account is not known before the collector
    runs, so only an override names one. Of several objects that these labels do not tell apart (a
    consumer that two NATS sources have), the first stands for all.
    """
    first: dict[tuple[str, ...], Labels] = {}
    for each in sorted(_objects(system)):
        known = {**dict(each), **dict(where)}
        if set(labels) <= known.keys():
            first.setdefault(tuple(known[label] for label in labels), each)
    return tuple(first.values())


def _objects(system: System) -> set[Labels]:
    found: set[Labels] = {()}
    found |= {(("source", name),) for _, name, _ in system.sources.every()}
    found |= {
        (("slo", each.name), ("slo_service", each.service))
        for each in system.slos
        if not each.sli.measured.each
    }
    for nats, source in system.sources.nats.items():
        found.add((("nats", nats),))
        found |= {(("nats", nats), ("server", address(url))) for url in source.monitor or ()}
        found |= {_consumer(nats, stream) for stream in plain_names(source.streams.include)}
    found |= set(_consumers(system))
    for probe, probed in system.sources.probe.items():
        found |= {(("probe", probe), ("target", each.name)) for each in probed.targets}
    found |= {(("canary", name),) for name in system.sources.canary}
    for override in _overrides(system):
        found |= set(_overridden(system, override))
    # What has a consumer names its stream as well.
    streams = (tuple(pair for pair in each if pair[0] != "consumer") for each in tuple(found))
    return found.union(streams)


def _consumer(nats: str, stream: str, consumer: str | None = None) -> Labels:
    labels = (("nats", nats), ("stream", stream))
    return labels if consumer is None else (*labels, ("consumer", consumer))


def _consumers(system: System) -> Iterator[Labels]:
    for nats, source in system.sources.nats.items():
        for stream in plain_names(source.streams.include):
            for consumer in plain_names(source.consumers.include):
                yield _consumer(nats, stream, consumer)
    for slo in system.slos:
        for named in slo.sli.measured.names():
            if isinstance(named, ConsumerName):
                yield _consumer(slo.sli.measured.source, named.stream, named.consumer)


def _overridden(system: System, override: Override) -> Iterator[Labels]:
    """The object that an override selects; in every NATS source where it names none."""
    written = ((label, getattr(override, label)) for label in OBJECT_LABELS)
    own = {label: value for label, value in written if value is not None}
    of_nats = {"stream", "consumer", "server", "account"} & own.keys() and "nats" not in own
    for nats in sorted(system.sources.nats) if of_nats else ("",):
        every = {**own, "nats": nats} if of_nats else own
        yield tuple((label, every[label]) for label in OBJECT_LABELS if label in every)


def _overrides(system: System) -> Iterable[Override]:
    return [override for tuning in system.alerts.values() for override in tuning.overrides]
