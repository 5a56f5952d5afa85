"""History of SLOs: what happened before the collector started or while it was down."""

import logging
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from obs.collector.objective import Objective, PastEvents
from obs.slis.kind import HistorySpan
from obs.slo.counting import Counting
from obs.slo.windows import DAY, HOUR, MINUTE

log = logging.getLogger(__name__)

_QUARTER: Final = 900
_RESOLUTIONS: Final = (
    (7 * HOUR, 60),
    (3 * DAY + HOUR, 300),
    (62 * DAY, _QUARTER),
    (401 * DAY, HOUR),
)
"""(age, step): events younger than `age` are read in steps of `step`; both seconds.

The ledger has no finer ones; of what is older than 63 days, CloudWatch only has hours.
"""
_MINUTES_KEPT: Final = 14 * DAY
"""For so long at least, single minutes can be read: CloudWatch has them for 15 days."""


class Snapshot(Protocol):
    """The last snapshot of a source with a history: polls cover the time from `since` on.

    Both times are Unix seconds.
    """

    @property
    def at(self) -> float: ...
    @property
    def since(self) -> float: ...


def missing(objective: Objective, since: float, now: float) -> list[HistorySpan]:
    """The spans missing in the ledger before `since`, when polls began; Unix seconds."""
    if objective.missing_from is None:
        return []
    begin = max(objective.counting.needed_from(now), objective.missing_from)
    spans = list(_spans(begin, since, now))
    if not objective.counting.maintenance:
        return spans
    return [part for span in spans for part in _cut(span, objective.counting, now)]


def fetch(
    objectives: Sequence[Objective], snapshot: Snapshot, source: object
) -> Iterator[PastEvents]:
    """The missing history of each objective of a source. Blocks; raises SourceError."""
    for number, objective in enumerate(objectives, start=1):
        log.info("SLO %s: reading its past (%d of %d)", objective.key, number, len(objectives))
        spans = missing(objective, snapshot.since, snapshot.at)
        history = objective.measurement.history
        events = tuple((span, history(source, snapshot, span)) for span in spans)
        begin = min((span.start for span in spans), default=None)
        yield PastEvents(objective, events, begin, snapshot.since)


def _spans(start: float, end: float, now: float) -> Iterator[HistorySpan]:
    """From `start` to `end`, split where the step changes; newest first."""
    last = -(-int(end) // _QUARTER) * _QUARTER
    for place, (age, step) in enumerate(_RESOLUTIONS):
        if last <= start:
            return
        following = _RESOLUTIONS[min(place + 1, len(_RESOLUTIONS) - 1)][1]
        oldest = _down(now - age, max(following, _QUARTER))
        first = max(oldest, _down(start, max(step, _QUARTER)))
        if first < last:
            yield HistorySpan(first, last, step)
            last = first


def _cut(span: HistorySpan, counting: Counting, now: float) -> Iterator[HistorySpan]:
    """The span, with minutes where maintenance begins or ends in the middle of a bucket."""
    last = span.end
    for quarter in _finer(span, counting, now):
        end = quarter + _QUARTER
        if end < last:
            yield HistorySpan(end, last, span.step)
        yield HistorySpan(quarter, end, MINUTE)
        last = quarter
    if span.start < last:
        yield HistorySpan(span.start, last, span.step)


def _finer(span: HistorySpan, counting: Counting, now: float) -> list[int]:
    """The quarters of an hour of a span that are to be read by the minute, newest first."""
    if span.step in (MINUTE, HOUR):
        return []
    start = max(span.start, int(now - _MINUTES_KEPT))
    spans = counting.maintenance.spans(span.start, span.end).between(span.start, span.end)
    edges = (edge for each in spans for edge in each if edge % span.step)
    quarters = {_down(edge, _QUARTER) for edge in edges}
    return sorted((each for each in quarters if each >= start), reverse=True)


def _down(moment: float, unit: int) -> int:
    return int(moment) // unit * unit
