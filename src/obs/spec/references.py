"""What one part of a spec says about another: that it exists, and that it can be seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from obs.spec.aws import AwsSource
from obs.spec.globs import matches, may_overlap, takes
from obs.spec.nats import NatsSource, Selection
from obs.spec.notify import Notify, unknown_names
from obs.spec.outputs import CloudWatch
from obs.spec.report import did_you_mean
from obs.spec.slos import EventBridgeSli, NatsDeliverySli, NatsLagSli, Sli
from obs.spec.source import SourceSpec
from obs.spec.sources import source_model
from obs.spec.system import System
from obs.spec.tree import Path

ReferenceProblem = tuple[Path, str]
"""Where, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The sound parts of a spec. A source that was written but is not sound is None.

    `sources` are by kind, then name; `names` (service and name) and `slis` by the index of their
    SLO.
    """

    sources: Mapping[str, Mapping[str, SourceSpec | None]] = field(default_factory=dict)
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    slis: Mapping[int, Sli] = field(default_factory=dict)
    cloudwatch: CloudWatch | None = None
    notify: Notify | None = None


def parts_of(system: System) -> Parts:
    """All parts of a sound spec."""
    return Parts(
        dict(system.sources),
        {index: (slo.service, slo.name) for index, slo in enumerate(system.slos)},
        {index: slo.sli for index, slo in enumerate(system.slos)},
        system.outputs.cloudwatch,
        system.notify,
    )


def dangling(parts: Parts) -> Iterator[ReferenceProblem]:
    """Every reference that leads nowhere, or to what the source does not watch."""
    for index, sli in parts.slis.items():
        yield from _sli(("slos", index, "sli"), sli, parts)
    for kind, sources in parts.sources.items():
        for name, source in sources.items():
            if isinstance(source, NatsSource):
                yield from _expected(("sources", kind, name, "expects"), source, name)
    if parts.cloudwatch is not None:
        yield from _unknown_source(("outputs", "cloudwatch"), parts.cloudwatch.source, "aws", parts)
    if parts.notify is not None:
        yield from unknown_names(parts.notify)


def repeated(parts: Parts, same_as: Callable[[Path, Path], str]) -> Iterator[ReferenceProblem]:
    """SLOs that share name and service, and sources that share a name: it becomes the `source`
    label. `same_as` words it, given both paths.
    """
    kinds: dict[str, str] = {}
    for kind, sources in parts.sources.items():
        for source in sources:
            if kinds.setdefault(source, kind) != kind:
                at: Path = ("sources", kind, source)
                clash = same_as(at, ("sources", kinds[source], source))
                yield (
                    at,
                    f"the source name {source!r} is {clash}; each source needs a name of its own",
                )
    first: dict[tuple[str, str], int] = {}
    for index, (service, name) in parts.names.items():
        known = first.setdefault((service, name), index)
        if known != index:
            path: Path = ("slos", index, "name")
            clash = same_as(path, ("slos", known, "name"))
            yield path, f"{name!r} of service {service!r} is {clash}"


def _sli(path: Path, sli: Sli, parts: Parts) -> Iterator[ReferenceProblem]:
    measured = sli.measured
    at = (*path, sli.kind)
    yield from _unknown_source(at, measured.source, measured.source_kind, parts)
    source = parts.sources.get(measured.source_kind, {}).get(measured.source)
    if isinstance(source, AwsSource) and isinstance(measured, EventBridgeSli):
        yield from _rules(at, measured, source)
    elif isinstance(source, NatsSource) and not isinstance(measured, EventBridgeSli):
        yield from _consumer(at, measured, source)


def _unknown_source(path: Path, name: str, kind: str, parts: Parts) -> Iterator[ReferenceProblem]:
    known, words = parts.sources.get(kind, {}), source_model(kind).words
    if name in known:
        return
    if not known:
        yield (*path, "source"), f"no {words} source {name!r}: the spec has none; add it to sources"
        return
    hint = did_you_mean(name, known) or f"; there is {', '.join(sorted(known))}"
    yield (*path, "source"), f"no {words} source {name!r}{hint}"


def _rules(path: Path, sli: EventBridgeSli, source: AwsSource) -> Iterator[ReferenceProblem]:
    globs = [bus.rules for bus in source.buses if matches(sli.bus, [bus.name])]
    if not globs:
        watched = [bus.name for bus in source.buses]
        hint = did_you_mean(sli.bus, watched) or f"; it watches {', '.join(watched)}"
        yield (*path, "bus"), f"source {sli.source!r} does not watch bus {sli.bus!r}{hint}"
        return
    known = [rule for rules in globs for rule in rules]
    for index, rule in enumerate(sli.rules):
        if not any(may_overlap(rule, glob) for glob in known):
            hint = did_you_mean(rule, known) or f"; it watches {', '.join(known)}"
            message = f"source {sli.source!r} watches no rule {rule!r} on bus {sli.bus!r}{hint}"
            yield (*path, "rules", index), message


def _consumer(
    path: Path, sli: NatsLagSli | NatsDeliverySli, source: NatsSource
) -> Iterator[ReferenceProblem]:
    yield from _left_out((*path, "stream"), "stream", sli.stream, source.streams, sli.source)
    yield from _left_out(
        (*path, "consumer"), "consumer", sli.consumer, source.consumers, sli.source
    )
    if isinstance(sli, NatsDeliverySli) and source.connection is None:
        yield (
            (*path, "source"),
            f"source {sli.source!r} has no connection, so dead letters cannot be known; "
            f"add sources.nats.{sli.source}.connection",
        )


def _expected(path: Path, source: NatsSource, name: str) -> Iterator[ReferenceProblem]:
    for stream, expected in source.expects.items():
        at = (*path, stream)
        yield from _left_out(at, "stream", stream, source.streams, name)
        for consumer in expected.consumers:
            below = (*at, "consumers", consumer)
            yield from _left_out(below, "consumer", consumer, source.consumers, name)


def _left_out(
    path: Path, kind: str, name: str, selection: Selection, source: str
) -> Iterable[ReferenceProblem]:
    if takes(name, selection.include, selection.exclude):
        return
    if matches(name, selection.exclude):
        yield path, f"source {source!r} excludes {kind} {name!r}; take it out of {kind}s.exclude"
        return
    hint = did_you_mean(name, selection.include)
    advice = hint or f"; add it to {kind}s.include"
    yield path, f"source {source!r} does not include {kind} {name!r}{advice}"
