"""Reads from Prometheus when alerts fired, out of the ALERTS series that its rules leave behind.

Asked are the moments at which alerts begin and cease to fire: an answer has a point for each of
them and not for each evaluation, however long an alert fired.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import isfinite
from typing import Final

from obs.alert_stats.history import Firing, History, Labels, Span, gaps_of, joined, union
from obs.alerts.routing import WATCHDOG, of_system
from obs.catalogue.query import duration, selector
from obs.clients.prometheus import Prometheus, QueryError, Series
from obs.errors import BadInput, SourceError
from obs.spec.system import System

MOST_POINTS: Final = 10_800  # of a series in one query; servers refuse more than 11 000
MOST_FIRINGS: Final = 200_000
_STEPS: Final = (1, 5, 15, 30, 60)  # seconds
_FEWEST: Final = 60  # points for which a piece is no longer split
_TOO_MUCH: Final = ("too many samples", "maximum resolution", "too many", "timed out", "limit")
_LONGEST_HELD: Final = 366 * 86_400.0

KnownLabels = Mapping[str, Collection[str]]
"""The labels that tell the alerts of a name apart, by that name. Others, as those of replicas of a
Prometheus, are left out; of alerts that are not in it all labels count."""


def step_of(seconds: float) -> int:
    """Seconds between two looks at a range: as few as one query allows, and at most a minute."""
    return next((step for step in _STEPS if seconds / step <= MOST_POINTS), _STEPS[-1])


def read(
    prometheus: Prometheus, system: System, known: KnownLabels, start: float, end: float
) -> History:
    """When the alerts of the system fired between two moments (Unix seconds).

    Raises SourceError, and BadInput where more fired than is counted.
    """
    step = step_of(end - start)
    start, end = start // step * step, end // step * step
    ours = of_system(system)
    firing = selector("ALERTS", (*ours, ("alertstate", "=", "firing")))
    pending = selector("ALERTS", (*ours, ("alertstate", "=", "pending")))
    began = f"({firing} unless {firing} offset {duration(step)})"
    since = f"{selector('ALERTS_FOR_STATE', ours)} and ignoring(alertstate) {began}"
    reader = _Reader(prometheus, start, end, step)
    begins = reader.points(f"({since}) or ignoring(alertstate) {began}")
    ends = reader.points(f"{firing} offset {duration(step)} unless {firing}")
    at_start = {_key(each): None for each in prometheus.query(firing, start)}
    watchdog = selector("ALERTS", (*ours, ("alertname", "=", WATCHDOG)))
    spans = list(_present(reader.points(f"count({watchdog})"), step))
    seen = union(spans) if spans else None
    conditions = reader.points(
        f"count by (alertname) ({pending} unless {pending} offset {duration(step)})"
    )
    found = [
        firing
        for key in {**at_start, **begins, **ends}
        for firing in _firings(
            _kept(key, known), begins.get(key, {}), ends.get(key, {}), key in at_start, (start, end)
        )
    ]
    gaps = gaps_of(seen, start, end)
    return History(
        start,
        end,
        step,
        joined(found, gaps, 2 * step),
        seen,
        {dict(key).get("alertname", ""): int(sum(at.values())) for key, at in conditions.items()},
    )


class _Reader:
    """Asks for a range in pieces that an answer can hold."""

    def __init__(self, prometheus: Prometheus, start: float, end: float, step: int) -> None:
        self._prometheus = prometheus
        self._start, self._end, self._step = start, end, step
        self._count = 0

    def points(self, expression: str) -> dict[Labels, dict[float, float]]:
        """The values after the range's begin, by time, of each series without its alertstate."""
        found: dict[Labels, dict[float, float]] = {}
        piece = MOST_POINTS * self._step
        first = self._start + self._step
        while first <= self._end:
            last = min(first + piece - self._step, self._end)
            for series in self._ask(expression, first, last):
                values = found.setdefault(_key(series), {})
                values.update((at, value) for at, value in series.points if isfinite(value))
            first += piece
        return found

    def _ask(self, expression: str, first: float, last: float) -> Iterator[Series]:
        try:
            answer = self._prometheus.query_range(expression, first, last, self._step)
        except SourceError as error:
            count = round((last - first) / self._step) + 1
            if count <= _FEWEST or not _is_too_much(error):
                raise
            middle = first + count // 2 * self._step
            yield from self._ask(expression, first, middle - self._step)
            yield from self._ask(expression, middle, last)
            return
        self._count += sum(len(series.points) for series in answer if len(series.labels) > 1)
        if self._count > 2 * MOST_FIRINGS:
            raise BadInput(
                f"more than {MOST_FIRINGS} alerts fired in this time; give a shorter --since"
            )
        yield from answer


def _is_too_much(error: SourceError) -> bool:
    if isinstance(error, QueryError):
        return any(words in str(error) for words in _TOO_MUCH)
    return error.reason in ("too_large", "timeout")


def _key(series: Series) -> Labels:
    left_out = ("__name__", "alertstate")
    return tuple(sorted(pair for pair in series.labels.items() if pair[0] not in left_out))


def _kept(key: Labels, known: KnownLabels) -> Labels:
    names = known.get(dict(key).get("alertname", ""))
    return key if names is None else tuple(pair for pair in key if pair[0] in names)


def _firings(
    labels: Labels,
    begins: Mapping[float, float],
    ends: Mapping[float, float],
    fires_at_start: bool,
    span: Span,
) -> Iterator[Firing]:
    """One series' firings: `begins` has by time since when the condition was true, or 1."""
    start, end = span
    is_open, begin, held, is_cut = fires_at_start, start, None, fires_at_start
    for at in sorted({*begins, *ends}):
        if is_open and at in ends:
            yield Firing(labels, begin, at, held, is_cut=is_cut)
            is_open = False
        if at in begins and not is_open:
            is_open, begin, held, is_cut = True, at, _held(at, begins[at]), False
    if is_open and begin < end:
        yield Firing(labels, begin, end, held, is_open=True, is_cut=is_cut)


def _held(at: float, since: float) -> float | None:
    return at - since if 0 <= at - since <= _LONGEST_HELD else None


def _present(points: Mapping[Labels, Mapping[float, float]], step: float) -> Iterator[Span]:
    """The spans in which there were points, one a step."""
    for values in points.values():
        for at in values:
            yield at - step, at


def known_labels(names: Iterable[tuple[str, Collection[str]]]) -> dict[str, set[str]]:
    """Labels by the alert's name, of all rules of that name together."""
    found: dict[str, set[str]] = {}
    for name, labels in names:
        found.setdefault(name, set()).update(labels)
    return found
