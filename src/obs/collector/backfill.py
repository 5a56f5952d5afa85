"""History of SLOs: what happened before the collector started or while it was down."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from obs.collector.objectives import Objective, PastEvents
from obs.slis.kind import HistorySpan

_QUARTER: Final = 900
_HOUR: Final = 3600
_DAY: Final = 86_400
_RESOLUTIONS: Final = ((7 * _HOUR, 60), (3 * _DAY + _HOUR, 300), (91 * _DAY, _QUARTER))
"""(age, step): events younger than `age` are in the ledger in steps of `step`; both seconds."""


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
    return list(_spans(max(now - objective.slo.window, objective.missing_from), since, now))


def fetch(
    objectives: Sequence[Objective], snapshot: Snapshot, source: object
) -> Iterator[PastEvents]:
    """The missing history of each objective of a source. Blocks; raises SourceError."""
    for objective in objectives:
        spans = missing(objective, snapshot.since, snapshot.at)
        history = objective.measurement.history
        events = tuple((span.step, history(source, snapshot, span)) for span in spans)
        yield PastEvents(objective, events, min((span.start for span in spans), default=None))


def _spans(start: float, end: float, now: float) -> Iterator[HistorySpan]:
    """From `start` to `end`, split where the ledger's step changes; newest first."""
    last = -(-int(end) // _QUARTER) * _QUARTER
    for age, step in _RESOLUTIONS:
        first = max(int(now - age) // _QUARTER, int(start) // _QUARTER) * _QUARTER
        if first < last:
            yield HistorySpan(first, last, step)
            last = first
