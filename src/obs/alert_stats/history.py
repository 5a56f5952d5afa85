"""The times at which alerts fired, as values, and the arithmetic of spans of time.

All times are Unix seconds. A span is half-open: it contains its begin and not its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

Span = tuple[float, float]
Labels = tuple[tuple[str, str], ...]
"""The labels of an alert, sorted by name."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that an alert fired on one object.

    `held`: seconds for which its condition had been true before; None where nothing tells.
    `is_open`: it still fires at the end of the range. `is_cut`: it fired when the range began.
    """

    labels: Labels
    begin: float
    end: float
    held: float | None = None
    is_open: bool = False
    is_cut: bool = False

    @property
    def alert(self) -> str:
        """The alert's name."""
        return self.label("alertname")

    @property
    def severity(self) -> str:
        """The severity that it fired with."""
        return self.label("severity")

    @property
    def seconds(self) -> float:
        """How long it fired, within the range."""
        return self.end - self.begin

    def label(self, name: str) -> str:
        """The value of a label; empty where it has none such."""
        return next((value for label, value in self.labels if label == name), "")


@dataclass(frozen=True, slots=True)
class History:
    """What a range of time says of the alerts of one system.

    `firings` are in order of their begin. `known` are the spans in which the rules were evaluated;
    None where nothing tells. `step`: seconds between two looks, to which times are exact.
    `pending` counts by alert how often a condition became true, whether the alert fired or not.
    """

    start: float
    end: float
    step: float
    firings: tuple[Firing, ...]
    known: tuple[Span, ...] | None = None
    pending: Mapping[str, int] = field(default_factory=dict)

    @property
    def known_seconds(self) -> float:
        """Seconds of the range of which the history tells."""
        return self.end - self.start if self.known is None else length(self.known)


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans that overlap or touch become one; empty ones are left out."""
    found: list[Span] = []
    for begin, end in sorted(each for each in spans if each[0] < each[1]):
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((begin, end))
    return tuple(found)


def without(span: Span, removed: Sequence[Span]) -> tuple[Span, ...]:
    """The parts of a span that are in none of the others, which `union` made."""
    begin, end = span
    parts: list[Span] = []
    for start, until in removed:
        if until <= begin or start >= end:
            continue
        if start > begin:
            parts.append((begin, start))
        begin = max(begin, until)
    if begin < end:
        parts.append((begin, end))
    return tuple(parts)


def length(spans: Iterable[Span]) -> float:
    """The sum of their seconds."""
    return sum(end - begin for begin, end in spans)


def joined(firings: Iterable[Firing], gaps: Sequence[Span], slack: float) -> tuple[Firing, ...]:
    """The firings with those of the same labels that overlap, as of two replicas, made one, and
    those that only a gap in the history interrupted; in order of their begin.

    Across a gap (`gaps`, from `union`) a firing goes on where it ended within `slack` seconds of
    the gap's begin, and its condition was true again within as many of the gap's end.
    """
    by_labels: dict[Labels, list[Firing]] = {}
    for each in sorted(firings, key=lambda each: (each.begin, each.end)):
        same = by_labels.setdefault(each.labels, [])
        if same and _continues(same[-1], each, gaps, slack):
            last = same[-1]
            longer = last if last.end >= each.end else each
            same[-1] = replace(last, end=longer.end, is_open=longer.is_open)
        else:
            same.append(each)
    return tuple(
        sorted(
            (each for same in by_labels.values() for each in same),
            key=lambda each: (each.begin, each.labels),
        )
    )


def _continues(before: Firing, after: Firing, gaps: Sequence[Span], slack: float) -> bool:
    if after.begin <= before.end:
        return True
    began = after.begin - (after.held or 0.0)
    return any(
        abs(before.end - begin) <= slack and began <= end + slack and after.begin > begin
        for begin, end in gaps
    )


def gaps_of(known: Sequence[Span] | None, start: float, end: float) -> tuple[Span, ...]:
    """The spans of a range of which nothing is known."""
    return () if known is None else without((start, end), known)


def pauses(firings: Sequence[Firing]) -> list[float]:
    """Seconds between two firings of the same object, for each that fired again."""
    by_labels: dict[Labels, list[Firing]] = {}
    for each in sorted(firings, key=lambda each: each.begin):
        by_labels.setdefault(each.labels, []).append(each)
    return [
        after.begin - before.end for same in by_labels.values() for before, after in pairwise(same)
    ]
