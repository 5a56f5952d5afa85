"""Evaluated objectives as families."""

from collections.abc import Sequence
from dataclasses import dataclass

from obs.catalogue import slo
from obs.families.family import Family, RowCache, Rows
from obs.slo.evaluate import Evaluation


@dataclass(frozen=True, slots=True)
class EvaluatedSlo:
    """One objective with its evaluation, which is None while there is no event.

    Data is complete up to `watermark` (Unix seconds), None while there is none. `events` and
    `good_events` are counters that began at `since` (Unix seconds).
    """

    name: str
    service: str
    sli: str
    objective_percent: float
    window: str
    objective: float
    evaluation: Evaluation | None
    events: float
    good_events: float
    since: float
    watermark: float | None


def slo_families(slos: Sequence[EvaluatedSlo], cache: RowCache) -> list[Family]:
    """All families of the objectives; a window without events has no ratio and no burn rate."""
    if not slos:
        return []
    identities = [(each.name, each.service) for each in slos]
    rows = cache.rows("slos", identities)
    since = min(each.since for each in slos)
    evaluations = [each.evaluation for each in slos]
    windows = [
        (*identity, window.label)
        for identity, evaluation in zip(identities, evaluations, strict=True)
        for window in (evaluation.windows if evaluation else ())
    ]
    windowed = cache.rows("windows", windows)
    every = [window for evaluation in evaluations if evaluation for window in evaluation.windows]
    infos = [
        (*identity, each.sli, f"{each.objective_percent:.12g}", each.window)
        for identity, each in zip(identities, slos, strict=True)
    ]
    return [
        Family(slo.OBJECTIVE, rows, [each.objective for each in slos]),
        Family(slo.EVENTS, rows, [each.events for each in slos], since),
        Family(slo.GOOD_EVENTS, rows, [each.good_events for each in slos], since),
        Family(
            slo.BUDGET_REMAINING, rows, [e.budget_remaining if e else None for e in evaluations]
        ),
        Family(slo.WATERMARK, rows, [each.watermark for each in slos]),
        Family(slo.ERROR_RATIO, windowed, [window.error_ratio for window in every]),
        Family(slo.BAD_EVENTS, windowed, [window.bad for window in every]),
        Family(slo.BURN_RATE, windowed, [window.burn_rate for window in every]),
        Family(slo.EXHAUSTION, windowed, [window.exhaustion_seconds for window in every]),
        Family(slo.INFO, cache.rows("info", infos), [1] * len(slos)),
    ]


def asked_family(slos: Sequence[tuple[str, str]], since: float) -> Family:
    """Since when (Unix seconds) the collector has measured these SLOs, by name and service."""
    return Family(slo.ASKED_SINCE, Rows(slos), [since] * len(slos))
