"""The events of objectives, and the alerts that fired, from what Prometheus has stored.

The counters of a collector are read every 15 minutes. Each collector that exported them counted
all events, so of several the one that counted most in a step is taken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from itertools import pairwise
from math import inf, isfinite
from typing import Final, NamedTuple

from obs.catalogue import slo
from obs.catalogue.query import Matcher, equal, max_by, selector
from obs.clients.prometheus import Prometheus, Series
from obs.redaction.text import one_line
from obs.slo.history import NO_SPANS, STEP, History
from obs.slo.spans import Spans
from obs.slo.windows import DAY
from obs.slo_report.report import Fired, Measured
from obs.spec.slos import Slo

Key = tuple[str, ...]
"""Service and name of an SLO, and the object that it is for, of one over many objects."""

NO_MAINTENANCE: Final[Mapping[Key, Spans]] = {}
_MOST_POINTS: Final = 300_000  # of an answer, which may have 16 million bytes
_MOST_NOTES: Final = 3
_OF_ALERT: Final = ("alertname", "severity", *slo.SLO, slo.OBJECT)


class Stored(NamedTuple):
    """What was found of one SLO. `gaps` are times without samples (Unix seconds), oldest first."""

    history: History
    gaps: tuple[tuple[int, int], ...] = ()


class _Sample(NamedTuple):
    at: int
    good: float
    total: float


def read(
    prometheus: Prometheus,
    labels: Sequence[tuple[str, str]],
    slos: Sequence[Slo],
    zone: tzinfo,
    *,
    start: float,
    end: float,
    maintenance: Mapping[Key, Spans] = NO_MAINTENANCE,
) -> list[Measured]:
    """These SLOs between two moments (Unix seconds); notes name times in `zone`.

    `labels` are those of all series of the system, `maintenance` is what does not count. Raises
    SourceError.
    """
    minutes = {(each.service, each.name): each.expects_minutes for each in slos}
    found = stored(prometheus, labels, minutes, start, end)
    return [
        Measured(
            each.name,
            each.service,
            one_line(each.description),
            one_line(each.in_words()),
            each.objective,
            replace(
                of_one.history,
                maintenance=maintenance.get((each.service, each.name), NO_SPANS),
            ),
            tuple(_notes(of_one.gaps, zone)),
            each.window_label,
            one_line("".join(key[2:])),
            each.info_labels,
            tuple(sorted(each.links.items())),
        )
        for each in slos
        for key, of_one in found.items()
        if key[:2] == (each.service, each.name) and bool(key[2:]) == bool(each.sli.measured.each)
    ]


def _notes(gaps: Sequence[tuple[int, int]], zone: tzinfo) -> Iterator[str]:
    def moment(at: int) -> str:
        return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"

    for begin, until in gaps[:_MOST_NOTES]:
        yield (
            f"Prometheus has no samples between {moment(begin)} and {moment(until)}: the events "
            "that are known of that time are spread evenly over it."
        )
    if len(gaps) > _MOST_NOTES:
        yield f"The same is true of {len(gaps) - _MOST_NOTES} more times."


def stored(
    prometheus: Prometheus,
    labels: Sequence[tuple[str, str]],
    minutes: Mapping[tuple[str, str], bool],
    start: float,
    end: float,
) -> dict[Key, Stored]:
    """The events of these SLOs between two moments (Unix seconds), by service and name.

    `labels` are those of all series of the system; `minutes` says for each SLO whether each minute
    is an event. Raises SourceError.
    """
    where = equal(labels)
    total = _counters(prometheus, selector(slo.EVENTS, where), start, end, len(minutes))
    good = _counters(prometheus, selector(slo.GOOD_EVENTS, where), start, end, len(minutes))
    collectors: dict[Key, list[list[_Sample]]] = {}
    for (key, identity), points in total.items():
        of_good = good.get((key, identity), {})
        samples = [
            _Sample(at, of_good[at], of_all) for at, of_all in points.items() if at in of_good
        ]
        collectors.setdefault(key, []).append(sorted(samples))
    known: dict[Key, bool] = {(*key,): each for key, each in minutes.items()}
    objects = sorted(key for key in collectors if key[2:] and key[:2] in known)
    return {key: _stored(collectors.get(key, ()), known[key[:2]]) for key in (*known, *objects)}


def fired(
    prometheus: Prometheus,
    labels: Sequence[tuple[str, str]],
    slos: int,
    start: float,
    end: float,
) -> list[Fired]:
    """The alerts on SLOs that fired, to the 15 minutes, oldest first. Raises SourceError."""
    matchers: tuple[Matcher, ...] = (("alertstate", "=", "firing"), ("slo", "!=", ""))
    of_all = selector("ALERTS", (*matchers, *equal(labels)), STEP)
    expression = max_by(_OF_ALERT, f"max_over_time({of_all})")
    found: dict[tuple[str, ...], set[int]] = {}
    for series in _read(prometheus, expression, start, end, 2 * slos):
        key = tuple(series.labels.get(label, "") for label in _OF_ALERT)
        found.setdefault(key, set()).update(round(at) for at, _ in series.points)
    alerts = (
        Fired(name, service, one_line(alert), one_line(severity), begin, until, object)
        for (alert, severity, name, service, object), ends in found.items()
        for begin, until in _spans(sorted(ends))
    )
    return sorted(alerts, key=lambda each: (each.start, each.alert))


def _spans(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Spans of the steps that end at these moments, where they follow each other."""
    begin = before = -STEP
    for end in ends:
        if end != before + STEP:
            if before > 0:
                yield begin, before
            begin = end - STEP
        before = end
    if ends:
        yield begin, before


def _counters(
    prometheus: Prometheus, expression: str, start: float, end: float, slos: int
) -> dict[tuple[Key, frozenset[tuple[str, str]]], dict[int, float]]:
    """The counts at the ends of steps, by SLO and by what tells collectors from each other."""
    found: dict[tuple[Key, frozenset[tuple[str, str]]], dict[int, float]] = {}
    for series in _read(prometheus, expression, start, end, slos):
        labels = dict(series.labels)
        labels.pop("__name__", None)
        of = filter(None, (labels.get(slo.OBJECT, ""),))
        key = (labels.get("slo_service", ""), labels.get("slo", ""), *of)
        points = found.setdefault((key, frozenset(labels.items())), {})
        points.update((round(at), count) for at, count in series.points if isfinite(count))
    return found


def _read(
    prometheus: Prometheus, expression: str, start: float, end: float, series: int
) -> Iterator[Series]:
    """The values at the ends of steps, asked for in pieces that an answer can hold."""
    last = int(end // STEP) * STEP
    piece = max(_MOST_POINTS // max(series, 1), DAY // STEP) * STEP
    piece = min(piece, 30 * DAY)
    for first in range(int(start // STEP) * STEP, last + 1, piece):
        until = min(first + piece - STEP, last)
        yield from prometheus.query_range(expression, first, until, STEP)


def _stored(collectors: Iterable[Sequence[_Sample]], minutes: bool) -> Stored:
    begin, until = inf, -inf
    best: dict[int, tuple[float, float]] = {}  # the start of a step: total and bad events
    known: dict[int, bool] = {}  # whether a sample was read at both ends of the step
    for samples in collectors:
        for before, after in pairwise(samples):
            begin, until = min(begin, before.at), max(until, after.at)
            total, bad = _between(before, after)
            steps = range(before.at, after.at, STEP)
            for step in steps:
                each = total / len(steps), bad / len(steps)
                complete = len(steps) == 1
                if (complete, each) > (known.get(step, False), best.get(step, (-1.0, 0.0))):
                    best[step], known[step] = each, complete
    if not best:
        return Stored(History(0, (), (), None, None, minutes))
    steps = range(int(begin), int(until), STEP)
    counts = [best.get(step, (0.0, 0.0)) for step in steps]
    history = History(
        int(begin),
        tuple(bad for _, bad in counts),
        tuple(total for total, _ in counts),
        begin,
        until,
        minutes,
    )
    gaps = _spans([step + STEP for step in steps if not known.get(step, False)])
    return Stored(history, tuple(gaps))


def _between(before: _Sample, after: _Sample) -> tuple[float, float]:
    """Total and bad events; a counter that fell began again at 0."""
    again = after.total < before.total or after.good < before.good
    total = after.total if again else after.total - before.total
    good = after.good if again else after.good - before.good
    return max(total, 0.0), max(total - good, 0.0)
