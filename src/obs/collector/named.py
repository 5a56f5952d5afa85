"""Which names of the spec do not exist: followed from poll to poll, told once when it changes."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from obs.families.family import Family
from obs.families.own import missing_family
from obs.sources.kind import Tracker
from obs.spec.named import Found, MissingName, idle_words, missing_name, names_of
from obs.spec.system import System
from obs.spec.watched import SpecName

log = logging.getLogger(__name__)

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class SpecNames:
    """Every name of the spec, and whether it existed when that could last be told."""

    def __init__(self, system: System, sources: Iterable[str]) -> None:
        self._system = system
        self._names = {source: names_of(system, source) for source in sources}
        self._known: dict[str, dict[SpecName, MissingName | None]] = {
            source: {} for source in self._names
        }
        self._idle: dict[str, dict[SpecName, str]] = {source: {} for source in self._names}
        self._alike: dict[tuple[str, SpecName], int] = {}

    def go_on(self, before: "SpecNames") -> None:
        """Take over what was known of the names that stay in the spec."""
        for source, names in self._names.items():
            old = {(each.kind, each.label): each for each in before._names.get(source, ())}
            for name in names:
                if (was := old.get((name.kind, name.label))) is not None:
                    _carry(before._known[source], was, self._known[source], name)
                    _carry(before._idle[source], was, self._idle[source], name)
                    _carry(before._alike, (source, was), self._alike, (source, name))

    def update(self, source: str, tracker: Tracker[Any]) -> None:
        """Look the names of a source up after a poll, and log what has changed."""
        names, known = self._names[source], self._known[source]
        for name, found in zip(names, tracker.find(names), strict=True):
            if found.follows:
                known.pop(name, None)
            elif found.exists:
                if known.get(name):
                    log.info("%s: %s %s exists now", name.path, name.kind, name.label)
                known[name] = None
                self._take_idle(source, name, found.idle)
            elif found.exists is not None:
                self._take_missing(source, name, found)

    def missing(self, source: str) -> Iterator[MissingName]:
        """What a source does not have, in the order of the spec."""
        known = self._known[source]
        return (missing for name in self._names[source] if (missing := known.get(name)))

    def idle(self, source: str) -> Iterator[tuple[SpecName, str]]:
        """What exists there but does nothing, and what to say of it."""
        return ((name, idle_words(name, why)) for name, why in self._idle[source].items())

    def family(self) -> Family:
        """The state of each name: 0 there, 1 missing, 2 a glob that matches nothing."""
        return missing_family(
            {
                (source, name.kind, name.label): 0 if missing is None else 1 + name.is_glob
                for source, known in self._known.items()
                for name, missing in known.items()
            }
        )

    def _take_idle(self, source: str, name: SpecName, why: str) -> None:
        idle = self._idle[source]
        if why and name not in idle:
            log.warning("%s: %s", name.path, idle_words(name, why))
            idle[name] = why
        elif not why and idle.pop(name, ""):
            log.info("%s: %s %s is in use again", name.path, name.kind, name.label)

    def _take_missing(self, source: str, name: SpecName, found: Found) -> None:
        self._idle[source].pop(name, None)
        before = self._known[source].get(name)
        if before and self._alike[source, name] == len(found.like):
            return  # the search for the nearest name is not done at every poll
        self._alike[source, name] = len(found.like)
        missing = missing_name(name, found, self._system, source)
        self._known[source][name] = missing
        if before is None:
            log.warning("%s: %s", name.path, missing)


def _carry(before: Mapping[KeyT, ValueT], was: KeyT, now: dict[KeyT, ValueT], key: KeyT) -> None:
    if was in before:
        now[key] = before[was]
