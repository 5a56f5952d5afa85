"""Notifications of people: which firings are inhibited, and into which groups the others fall."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from obs.alert_stats.history import Firing, Labels, Span, union, without
from obs.alert_stats.notifying import Notification, Timing, notifications
from obs.alerts.routing import Inhibition
from obs.catalogue.query import Matcher

_LONGEST: Final = 2_000  # characters of a pattern
_REPEATED_GROUP: Final = re.compile(r"\)\s*[*+?{]|[*+}][*+{]")


@dataclass(frozen=True, slots=True)
class Way:
    """How an alert is grouped and notified: `name` tells its route from others."""

    name: str
    group_by: tuple[str, ...]
    timing: Timing


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts held back for a time: nobody was notified of them."""

    matchers: tuple[Matcher, ...]
    span: Span

    @property
    def is_judged(self) -> bool:
        """Whether its patterns are simple enough to be evaluated: Python would take for ever over
        some that Alertmanager does not, and knows no others."""
        patterns = [value for _, operator, value in self.matchers if "~" in operator]
        return all(len(each) <= _LONGEST and _is_simple(each) for each in patterns)


WayOf = Callable[[Mapping[str, str]], Way | None]
"""The route that an alert with these labels takes; None where no receiver gets it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One notification: its severity, the alerts' names, and the labels that its group shares.

    A first one with severity `critical` is a page.
    """

    at: float
    severity: str
    alerts: tuple[str, ...]
    group: Labels
    is_first: bool

    @property
    def is_page(self) -> bool:
        """Whether it wakes somebody: it is critical, and nothing of its group was open."""
        return self.is_first and self.severity == "critical"


def sent(
    firings: Sequence[Firing],
    rules: Sequence[Inhibition],
    way_of: WayOf,
    until: float,
    silences: Sequence[Silence] = (),
) -> list[Sent]:
    """All notifications up to a moment, in order. Those of a route with several receivers count
    once."""
    groups: dict[tuple[str, str, Labels], list[tuple[Labels, list[Span]]]] = {}
    timings: dict[str, Timing] = {}
    for labels, heard in notified_spans(firings, rules).items():
        spans = _without(heard, silenced(labels, silences))
        way = way_of(dict(labels))
        if way is None or not spans:
            continue
        timings[way.name] = way.timing
        severity = dict(labels).get("severity", "")
        group = tuple((name, dict(labels).get(name, "")) for name in way.group_by)
        groups.setdefault((way.name, severity, group), []).append((labels, spans))
    found = [
        _sent(each, severity, group, [labels for labels, _ in members])
        for (name, severity, group), members in groups.items()
        for each in notifications([spans for _, spans in members], timings[name], until)
    ]
    return sorted(found, key=lambda each: (each.at, each.group))


def notified_spans(
    firings: Sequence[Firing], rules: Sequence[Inhibition]
) -> dict[Labels, list[Span]]:
    """When each alert fires and no other inhibits it."""
    spans: dict[Labels, list[Span]] = {}
    for each in firings:
        # What goes on after the range ends does not resolve at its end.
        end = each.end + (1.0 if each.is_open else 0.0)
        spans.setdefault(each.labels, []).append((each.begin, end))
    muted = _muted(spans, rules)
    return {labels: _without(union(own), muted.get(labels, ())) for labels, own in spans.items()}


def _without(spans: Sequence[Span], removed: Sequence[Span]) -> list[Span]:
    if not removed:
        return list(spans)
    joined = union(removed)
    return [part for span in spans for part in without(span, joined)]


def silenced(labels: Labels, silences: Sequence[Silence]) -> tuple[Span, ...]:
    """When an alert with these labels is silenced."""
    known = dict(labels)
    return union(each.span for each in silences if matches(known, each.matchers))


def matches(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    """Whether Alertmanager's matchers select labels: a missing label is an empty one, and regular
    expressions match the whole value."""
    for label, operator, value in matchers:
        found = labels.get(label, "")
        hit = bool(_whole(value).fullmatch(found)) if "~" in operator else found == value
        if hit == operator.startswith("!"):
            return False
    return True


def _muted(
    spans: Mapping[Labels, Sequence[Span]], rules: Sequence[Inhibition]
) -> dict[Labels, list[Span]]:
    found: dict[Labels, list[Span]] = {}
    every = [(labels, dict(labels)) for labels in spans]
    for rule in rules:
        sources: dict[tuple[str, ...], list[Labels]] = {}
        for labels, known in every:
            if matches(known, rule.source):
                sources.setdefault(_values(known, rule.same), []).append(labels)
        if not sources:
            continue
        merged = {where: _Louder(own, spans, rule) for where, own in sources.items()}
        for labels, known in every:
            louder = merged.get(_values(known, rule.same))
            if louder is not None and matches(known, rule.target):
                found.setdefault(labels, []).extend(louder.over(labels))
    return found


class _Louder:
    """The alerts that inhibit others by one rule, with the same values of its labels."""

    def __init__(
        self, sources: Sequence[Labels], spans: Mapping[Labels, Sequence[Span]], rule: Inhibition
    ) -> None:
        self._sources = frozenset(sources)
        self._all = union(span for each in sources for span in spans[each])
        one_sided = (each for each in sources if not matches(dict(each), rule.target))
        self._one_sided = union(span for each in one_sided for span in spans[each])

    def over(self, labels: Labels) -> tuple[Span, ...]:
        """When they inhibit an alert: one that is a source itself only those that are no target,
        as Alertmanager has it."""
        return self._one_sided if labels in self._sources else self._all


def _values(known: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(known.get(name, "") for name in names)


@lru_cache(512)
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _sent(each: Notification, severity: str, group: Labels, members: Sequence[Labels]) -> Sent:
    names = sorted({dict(members[index]).get("alertname", "") for index in each.alerts})
    return Sent(each.at, severity, tuple(names), group, each.is_first)


def _is_simple(pattern: str) -> bool:
    if _REPEATED_GROUP.search(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
