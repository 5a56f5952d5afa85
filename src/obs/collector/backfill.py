"""SLO history from CloudWatch: what happened before the collector started or while it was down."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from obs.collector.objectives import Objective, PastEvents, RulePoints, chosen, events_by_minute
from obs.snapshot import AwsSnapshot, Rule

_QUARTER: Final = 900
_HOUR: Final = 3600
_DAY: Final = 86_400
_KEPT_AS: Final = ((7 * _HOUR, 60), (3 * _DAY + _HOUR, 300), (91 * _DAY, _QUARTER))
"""(age, step): the ledger keeps what is younger than `age` in steps of `step`; both in seconds."""


class History(Protocol):
    """What backfilling asks of an AWS source; raises SourceError."""

    def history(
        self, rules: Iterable[Rule], start: float, end: float, period: int
    ) -> RulePoints: ...


@dataclass(frozen=True, slots=True)
class HistorySpan:
    """Part of the past in steps of one length; Unix seconds, whole quarters of an hour."""

    start: int
    end: int
    step: int


def missing(objective: Objective, since: float, now: float) -> list[HistorySpan]:
    """What the ledger lacks up to `since`, where polls begin to tell; times in Unix seconds."""
    if objective.missing_from is None:
        return []
    return list(_spans(max(now - objective.slo.window, objective.missing_from), since, now))


def fetch(
    objectives: Sequence[Objective], snapshot: AwsSnapshot, source: History
) -> Iterator[PastEvents]:
    """The missing history of each objective. Blocks; raises SourceError."""
    rules, since, now = snapshot.rules, snapshot.since, snapshot.at
    for objective in objectives:
        sli = objective.slo.sli.eventbridge
        if sli is None:
            continue
        of_slo = chosen(sli, rules)
        spans = []
        for span in missing(objective, since, now):
            points = source.history(of_slo, span.start, span.end, span.step)
            spans.append((span.step, events_by_minute(of_slo, points)))
        yield PastEvents(objective, tuple(spans))


def _spans(start: float, end: float, now: float) -> Iterator[HistorySpan]:
    """From `start` to `end`, cut where the ledger keeps another step; newest first."""
    last = -(-int(end) // _QUARTER) * _QUARTER
    for age, step in _KEPT_AS:
        first = max(int(now - age) // _QUARTER, int(start) // _QUARTER) * _QUARTER
        if first < last:
            yield HistorySpan(first, last, step)
            last = first
