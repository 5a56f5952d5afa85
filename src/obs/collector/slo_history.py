"""The document of what SLOs counted, filled from their ledgers."""

from collections.abc import Callable, Sequence
from typing import Final

from obs.collector.collector import Collector
from obs.collector.counted_time import counting_of
from obs.collector.objective import Objective
from obs.collector.objectives import Objectives
from obs.slo.counting import Counting
from obs.slo.history import STEP
from obs.slo.spans import Span
from obs.slo.windows import DAY
from obs.spec.slos import Slo
from obs.state import State
from obs.web.slo_history import SloHistories, SloPast, encode

_MOST_STEPS: Final = 3_000_000
"""In a document: a month of 1 000 SLOs. Of more each has fewer steps, the newest."""

_YEAR: Final = 366 * DAY
_DIGITS: Final = 6  # of an event: fractions are shares of minutes, or extrapolated


def build_history(collector: Collector) -> bytes:
    """The document of a running collector."""
    system = collector.system
    return encode(
        SloHistories(
            system=system.system,
            environment=system.environment,
            generated_at=collector.clock.wall(),
            slos=pasts(collector.objectives.all),
        )
    )


def pasts(objectives: Sequence[Objective]) -> tuple[SloPast, ...]:
    """What each has in its ledger."""
    most = _MOST_STEPS // max(len(objectives), 1)
    return tuple(_past(each, most) for each in objectives)


def saved(
    slos: Sequence[Slo],
    state: State,
    at: float,
    counting: Callable[[Slo], Counting] = counting_of,
) -> tuple[SloPast, ...]:
    """What a state file holds of these SLOs, read at a moment (Unix seconds)."""
    objectives = Objectives(slos, state, lambda: None, at, counting)
    objectives.restore_all()
    return pasts(objectives.all)


def _past(objective: Objective, most: int) -> SloPast:
    slo, until = objective.slo, objective.watermark
    start, totals, bad = 0, tuple[float, ...](), tuple[tuple[int, float], ...]()
    known_from = None
    if until is not None and objective.since is not None:
        kept, good, total = objective.ledger.past()
        first = max(int(objective.since - kept) // STEP, len(total) - most, 0)
        start = kept + first * STEP
        known_from = max(objective.since, float(start))
        totals, bad = _compact(good[first:], total[first:])
    return SloPast(
        name=slo.name,
        service=slo.service,
        object=objective.of,
        labels=dict(slo.info_labels),
        links=dict(slo.links),
        description=slo.description,
        sli=slo.in_words(),
        objective_percent=slo.objective,
        window=slo.window_label,
        minutes=slo.expects_minutes,
        known_from=known_from,
        known_until=None if known_from is None else until,
        missing_from=objective.missing_from,
        step=STEP,
        start=start,
        total=totals,
        bad=bad,
        maintenance=maintenance_of(objective.counting, start, until) if until else (),
    )


def maintenance_of(counting: Counting, start: float, until: float) -> tuple[Span, ...]:
    """Its maintenance windows from one moment to a year after another (Unix seconds)."""
    end = until + _YEAR
    return counting.maintenance.spans(start, end).between(int(start), int(end))


def _compact(
    good: Sequence[float], total: Sequence[float]
) -> tuple[tuple[float, ...], tuple[tuple[int, float], ...]]:
    """`total` and `bad` of a document: whole numbers without a point, others rounded."""
    totals = _short(total)
    bads = _short([max(of_all - of_good, 0.0) for of_good, of_all in zip(good, total, strict=True)])
    return totals, tuple((step, min(bad, totals[step])) for step, bad in enumerate(bads) if bad)


def _short(events: Sequence[float]) -> tuple[float, ...]:
    whole = tuple(map(int, events))  # at once: a document may have a million of them
    if whole == tuple(events):
        return whole
    return tuple(
        one if one == each else round(each, _DIGITS)
        for one, each in zip(whole, events, strict=True)
    )
