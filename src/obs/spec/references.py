"""References between the parts of a spec: to what exists, and what its source watches.

Each source is indexed once: names are looked up, and only real globs are compared.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import assert_never

from obs.spec.aws import AwsSource, Bus
from obs.spec.canary import CanarySource
from obs.spec.composites import composite_problems
from obs.spec.globs import GlobIndex, is_plain, matches, plain_name
from obs.spec.nats import NatsSource, Selection
from obs.spec.notify import Notify, unknown_names
from obs.spec.outputs import CloudWatch, Web
from obs.spec.probe import ProbeSource
from obs.spec.quantity import format_duration
from obs.spec.report import did_you_mean
from obs.spec.slis import RAREST_POLL, Sli
from obs.spec.source import SourceSpec
from obs.spec.sources import source_model
from obs.spec.system import System
from obs.spec.tree import Path
from obs.spec.watched import (
    BusRules,
    CanaryEvents,
    ClientConnection,
    ConsumerGlobs,
    ConsumerName,
    Named,
    ProbeTargets,
    StreamName,
)

ReferenceProblem = tuple[Path, str]
"""Path, and the problem there."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The valid parts of a spec. A source that is invalid is None.

    `sources` are by kind, then name; `names` (service and name) and `slis` by the index of their
    SLO. `homes` are the places of the packs that add an SLO, by its index, too. `named` are the
    kind and the name of the source of each SLI that is invalid, by its path.
    """

    sources: Mapping[str, Mapping[str, SourceSpec | None]] = field(default_factory=dict)
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    slis: Mapping[int, Sli] = field(default_factory=dict)
    cloudwatch: CloudWatch | None = None
    notify: Notify | None = None
    homes: Mapping[int, Path] = field(default_factory=dict)
    web: Web | None = None
    named: Mapping[Path, tuple[str, str]] = field(default_factory=dict)


def parts_of(system: System) -> Parts:
    """All parts of a valid spec."""
    homes = [home for home, _ in system.packs.slos()]
    return Parts(
        dict(system.sources),
        {index: (slo.service, slo.name) for index, slo in enumerate(system.slos)},
        {index: slo.sli for index, slo in enumerate(system.slos)},
        system.outputs.cloudwatch,
        system.notify,
        dict(enumerate(homes, len(system.slos) - len(homes))),  # packs add theirs after the others
        system.outputs.web,
    )


def dangling(parts: Parts) -> Iterator[ReferenceProblem]:
    """Every reference to what does not exist, or to what the source does not watch."""
    watched = {
        (kind, name): _Watched(name, source)
        for kind, sources in parts.sources.items()
        for name, source in sources.items()
        if source is not None
    }
    for index, sli in parts.slis.items():
        path = parts.homes.get(index, ("slos", index, "sli", sli.kind))
        yield from _sli(path, sli, parts, watched)
    for at, (kind, name) in parts.named.items():
        yield from _unknown_source(at, name, kind, parts)
    yield from composite_problems(parts.names, parts.slis)
    for (kind, name), each in watched.items():
        if isinstance(each.source, NatsSource):
            yield from _expected(("sources", kind, name, "expects"), each.source, each)
    if parts.cloudwatch is not None:
        yield from _unknown_source(("outputs", "cloudwatch"), parts.cloudwatch.source, "aws", parts)
    if parts.web is not None and parts.web.compat and not _reads_monitoring_ports(parts):
        advice = "nats-exporter needs one with `monitor`, as the exporter itself does"
        yield ("outputs", "web", "compat"), f"no NATS source reads monitoring ports; {advice}"
    if parts.notify is not None:
        yield from unknown_names(parts.notify)


def repeated(parts: Parts, same_as: Callable[[Path, Path], str]) -> Iterator[ReferenceProblem]:
    """SLOs that share name and service, and sources that share a name: it becomes the `source`
    label. `same_as` words it, given both paths.
    """
    kinds: dict[str, str] = {}
    for kind, sources in parts.sources.items():
        for name in sources:
            if kinds.setdefault(name, kind) != kind:
                at: Path = ("sources", kind, name)
                clash = same_as(at, ("sources", kinds[name], name))
                yield at, f"the source name {name!r} is {clash}; no two sources may share a name"
    first: dict[tuple[str, str], int] = {}
    for index, (service, name) in parts.names.items():
        known = first.setdefault((service, name), index)
        if known != index:
            path, other = (parts.homes.get(at, ("slos", at, "name")) for at in (index, known))
            clash = same_as(path, other)
            yield path, f"{name!r} of service {service!r} is {clash}"


def _reads_monitoring_ports(parts: Parts) -> bool:
    """Whether a NATS source does, or may once it is valid."""
    sources = parts.sources.get("nats", {}).values()
    return any(not isinstance(each, NatsSource) or each.monitor for each in sources)


class _Watched:
    """What one source watches, indexed once for all SLIs that refer to it."""

    def __init__(self, name: str, source: SourceSpec) -> None:
        self.name = name
        self.source = source
        self._rules: dict[str, GlobIndex] = {}

    @cached_property
    def streams(self) -> "_Selected":
        """The streams of a NATS source."""
        assert isinstance(self.source, NatsSource)
        return _Selected("stream", self.source.streams, self.name)

    @cached_property
    def consumers(self) -> "_Selected":
        """The consumers of a NATS source."""
        assert isinstance(self.source, NatsSource)
        return _Selected("consumer", self.source.consumers, self.name)

    def rules(self, bus: str) -> GlobIndex:
        """The rules that an AWS source watches on a bus; none where it does not watch the bus."""
        if bus not in self._rules:
            like = (one for one in self._wild_buses if matches(bus, [one.name]))
            buses = (*self._plain_buses.get(bus, ()), *like)
            self._rules[bus] = GlobIndex(rule for one in buses for rule in one.rules)
        return self._rules[bus]

    @cached_property
    def _plain_buses(self) -> Mapping[str, Sequence[Bus]]:
        """The buses that are written by their names."""
        assert isinstance(self.source, AwsSource)
        buses: dict[str, list[Bus]] = {}
        for bus in self.source.buses:
            name = plain_name(bus.name)
            if name is not None:
                buses.setdefault(name, []).append(bus)
        return buses

    @cached_property
    def _wild_buses(self) -> tuple[Bus, ...]:
        assert isinstance(self.source, AwsSource)
        return tuple(bus for bus in self.source.buses if not is_plain(bus.name))


class _Selected:
    """The streams or consumers that a source selects."""

    def __init__(self, kind: str, selection: Selection, source: str) -> None:
        self._kind = kind
        self._source = source
        self._include = GlobIndex(selection.include)
        self._exclude = GlobIndex(selection.exclude)

    def problems(self, path: Path, name: str) -> Iterator[ReferenceProblem]:
        """The problem of a reference to this name; none where it is selected."""
        source, kind = self._source, self._kind
        if self._exclude.matches(name):
            yield (
                path,
                f"source {source!r} excludes {kind} {name!r}; remove it from {kind}s.exclude",
            )
        elif not self._include.matches(name):
            hint = did_you_mean(name, self._include.globs)
            advice = hint or f"; add it to {kind}s.include"
            yield path, f"source {source!r} does not include {kind} {name!r}{advice}"

    def unlike(self, path: Path, glob: str) -> Iterator[ReferenceProblem]:
        """The problem of a glob that nothing selected can match; none where something can."""
        if not self._include.overlaps(glob):
            kind = self._kind
            hint = did_you_mean(glob, self._include.globs) or f"; add it to {kind}s.include"
            yield path, f"source {self._source!r} includes no {kind} like {glob!r}{hint}"


def _sli(
    path: Path, sli: Sli, parts: Parts, watched: Mapping[tuple[str, str], _Watched]
) -> Iterator[ReferenceProblem]:
    measured = sli.measured
    if measured.part_names():
        return
    yield from _unknown_source(path, measured.source, measured.kind_of_source(), parts)
    source = watched.get((measured.kind_of_source(), measured.source))
    if source is not None:
        if measured.counts_minutes and source.source.poll > RAREST_POLL:
            poll, most = format_duration(source.source.poll), format_duration(RAREST_POLL)
            message = f"source {source.name!r} polls every {poll}; minutes need one every {most}"
            yield (*path, "source"), message
        for named in measured.names():
            yield from _unwatched(path, named, source)


def _unwatched(path: Path, named: Named, source: _Watched) -> Iterator[ReferenceProblem]:
    match named:
        case BusRules():
            yield from _rules(path, named, source)
        case StreamName():
            yield from source.streams.problems((*path, "stream"), named.stream)
        case ConsumerName():
            yield from source.streams.problems((*path, "stream"), named.stream)
            yield from source.consumers.problems((*path, "consumer"), named.consumer)
        case ConsumerGlobs():
            yield from source.streams.unlike((*path, "stream"), named.stream)
            yield from source.consumers.unlike((*path, "consumer"), named.consumer)
        case ClientConnection():
            yield from _connection(path, named, source)
        case ProbeTargets():
            yield from _targets(path, named, source)
        case CanaryEvents():
            yield from _canary(path, named, source)
        case _:
            assert_never(named)


def _unknown_source(path: Path, name: str, kind: str, parts: Parts) -> Iterator[ReferenceProblem]:
    known = parts.sources.get(kind, {})
    if name in known or _may_be_one_of(name, known):
        return
    if members := [each for each, spec in known.items() if spec and spec.one_of == name]:
        choices = f"write one of them: {', '.join(members)}"
        yield (*path, "source"), f"source {name!r} stands for {len(members)} sources; {choices}"
        return
    if not known:
        advice = "the spec has none; add it to sources"
        yield (*path, "source"), f"no {source_model(kind).words} source {name!r}: {advice}"
        return
    hint = did_you_mean(name, known) or f"; choose from {', '.join(sorted(known))}"
    yield (*path, "source"), f"no {source_model(kind).words} source {name!r}{hint}"


def _may_be_one_of(name: str, known: Mapping[str, SourceSpec | None]) -> bool:
    """Whether an invalid source may stand for it and others."""
    return any(spec is None and name.startswith(f"{each}-") for each, spec in known.items())


def _rules(path: Path, named: BusRules, source: _Watched) -> Iterator[ReferenceProblem]:
    rules = source.rules(named.bus)
    if not rules.globs:
        assert isinstance(source.source, AwsSource)
        buses = [bus.name for bus in source.source.buses]
        hint = did_you_mean(named.bus, buses) or f"; it watches {', '.join(buses)}"
        message = f"source {source.name!r} does not watch bus {named.bus!r}{hint}"
        yield (*path, "bus"), message
        return
    for index, rule in enumerate(named.rules):
        if not rules.overlaps(rule):
            hint = did_you_mean(rule, rules.globs) or f"; it watches {', '.join(rules.globs)}"
            where = f"on bus {named.bus!r}{hint}"
            yield (
                (*path, "rules", index),
                f"source {source.name!r} watches no rule {rule!r} {where}",
            )


def _targets(path: Path, named: ProbeTargets, source: _Watched) -> Iterator[ReferenceProblem]:
    assert isinstance(source.source, ProbeSource)
    known = [target.name for target in source.source.targets]
    for index, target in enumerate(named.targets):
        if not any(matches(name, [target]) for name in known):
            hint = did_you_mean(target, known) or f"; choose from {', '.join(known)}"
            message = f"source {source.name!r} probes no target {target!r}{hint}"
            yield (*path, "targets", index), message


def _canary(path: Path, named: CanaryEvents, source: _Watched) -> Iterator[ReferenceProblem]:
    assert isinstance(source.source, CanarySource)
    most = source.source.lost_after
    if named.below is not None and named.below > most:
        below, lost = format_duration(named.below), format_duration(most)
        message = f"{below} is longer than lost_after of canary {source.name!r}, {lost}"
        yield (*path, "below"), f"{message}; write at most that"


def _connection(
    path: Path, named: ClientConnection, source: _Watched
) -> Iterator[ReferenceProblem]:
    assert isinstance(source.source, NatsSource)
    heard = source.source.heard_accounts
    if not heard:
        yield (
            (*path, "source"),
            f"source {source.name!r} has no connection, so {named.without}; "
            f"add sources.nats.{source.name}.connection",
        )
    elif not any(matches(account, [named.account]) for account in heard):
        hint = did_you_mean(named.account, heard) or (
            f"; add one to sources.nats.{source.name}.connections"
        )
        yield (
            (*path, "account"),
            f"no connection of source {source.name!r} hears account {named.account!r}, so "
            f"{named.without}{hint}",
        )
    if named.group and named.group not in source.source.collect:
        message = f"source {source.name!r} does not collect {named.group}; add it to collect"
        yield (*path, "source"), message


def _expected(path: Path, spec: NatsSource, source: _Watched) -> Iterable[ReferenceProblem]:
    for stream, expected in spec.expects.items():
        at = (*path, stream)
        yield from source.streams.problems(at, stream)
        for consumer in expected.consumers:
            yield from source.consumers.problems((*at, "consumers", consumer), consumer)
