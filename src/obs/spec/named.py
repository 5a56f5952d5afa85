"""What a spec names in its sources, by a name or a glob: it must exist there."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from obs.spec.globs import escaped, plain_name
from obs.spec.report import did_you_mean
from obs.spec.system import System
from obs.spec.tree import Path, path_text
from obs.spec.watched import (
    BusRules,
    ConsumerGlobs,
    ConsumerName,
    Named,
    SpecName,
    StreamName,
)

ANY: Final = "*"


class Found(NamedTuple):
    """Whether an object that the spec names exists; None where that cannot be told.

    `like` are the names of others of its kind. `follows`: the bus or the stream that it is in does
    not exist, which says it all. `idle` is why it does nothing although it exists.
    """

    exists: bool | None
    like: Collection[str] = ()
    follows: bool = False
    idle: str = ""


Find = Callable[[Sequence[SpecName]], Sequence[Found]]
"""Looks names up in a source, and answers in their order."""


@dataclass(frozen=True, slots=True, order=True)
class MissingName:
    """An object that the spec names and that does not exist.

    `path` is where the spec first names it; `place` and `near` are words for the sentence.
    """

    named: SpecName
    place: str = field(compare=False)
    near: str = field(default="", compare=False)

    def __str__(self) -> str:
        kind: str = self.named.kind
        name = self.named.label
        if self.named.is_glob:
            return f"No {kind} {self.place} matches {name}, which the spec names{self.near}"
        kind = kind.capitalize()
        return f"{kind} {name}, which the spec names, does not exist {self.place}{self.near}"


def names_of(system: System, source: str) -> tuple[SpecName, ...]:
    """Everything that the spec names in a source, each once, at the first place that names it.

    A lone `*` names nothing.
    """
    first: dict[SpecName, SpecName] = {}
    for name in _every(system, source):
        if name.name.strip(ANY):
            first.setdefault(name, name)
    return tuple(first.values())


def missing_in(system: System, source: str, find: Find) -> list[MissingName]:
    """What the spec names in a source and does not exist there."""
    names = names_of(system, source)
    return [
        missing_name(name, found, system, source)
        for name, found in zip(names, find(names), strict=True)
        if found.exists is False
    ]


def idle_words(named: SpecName, idle: str) -> str:
    """What to say of a name that is there but does nothing."""
    return f"{named.kind.capitalize()} {named.label}, which the spec names, {idle}"


def missing_name(named: SpecName, found: Found, system: System, source: str) -> MissingName:
    """What to say of a name that is not there."""
    place = system.sources.named(source).place or f"in source {source}"
    return MissingName(named, place, _hint(named.name, found.like))


def _hint(glob: str, like: Collection[str]) -> str:
    name = plain_name(glob)
    if name is not None:
        return did_you_mean(name, like)
    return f"; write {escaped(glob)} for the one of exactly this name" if glob in like else ""


def _every(system: System, source: str) -> Iterator[SpecName]:
    for kind, name, spec in system.sources.every():
        if name == source:
            for each in spec.named():
                yield replace(each, path=_joined(("sources", kind, spec.one_of or name), each.path))
    for index, slo in enumerate(system.slos):
        measured = slo.sli.measured
        if measured.source == source:
            at = path_text(("slos", index, "sli", slo.sli.kind))
            for named in measured.names():
                yield from (replace(each, path=f"{at}.{each.path}") for each in _parts(named))


def _joined(at: Path, below: str) -> str:
    return f"{path_text(at)}.{below}"


def _parts(named: Named) -> Iterator[SpecName]:
    """An SLI has fields of the same names as what it refers to."""
    match named:
        case BusRules():
            bus = escaped(named.bus)
            yield SpecName("bus", bus, path="bus")
            for index, rule in enumerate(named.rules):
                yield SpecName("rule", rule, bus, path=f"rules[{index}]")
        case StreamName():
            yield SpecName("stream", escaped(named.stream), path="stream")
        case ConsumerName():
            account, stream = named.account, escaped(named.stream)
            yield SpecName("stream", stream, account=account, path="stream")
            yield SpecName("consumer", escaped(named.consumer), stream, account, path="consumer")
        case ConsumerGlobs():
            account = named.account
            yield SpecName("stream", named.stream, account=account, path="stream")
            yield SpecName("consumer", named.consumer, named.stream, account, path="consumer")
