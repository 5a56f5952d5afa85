"""Evaluated objectives as families."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from obs.catalogue import slo
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Rows, Value
from obs.slo.evaluate import Evaluation

OBJECT: Final = (slo.OBJECT,)


@dataclass(frozen=True, slots=True)
class EvaluatedSlo:
    """One objective with its evaluation, which is None while there is no event.

    Data is complete up to `watermark` (Unix seconds), None while there is none. `events` and
    `good_events` are counters that began at `since` (Unix seconds). `resets_at`: when the calendar
    period ends (Unix seconds); None for a rolling window. `in_maintenance`: None without any.
    `of`: the object that it is for, of an SLO over many. `labels` are further ones of slo_info.
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
    resets_at: float | None = None
    in_maintenance: bool | None = None
    of: str = ""
    labels: tuple[tuple[str, str], ...] = ()


def slo_families(slos: Sequence[EvaluatedSlo], cache: RowCache) -> list[Family]:
    """All families of the objectives; a window without events has no ratio and no burn rate.

    Those of single objects have the label slo_object, so their families are separate ones.
    """
    plain = [each for each in slos if not each.of]
    of_objects = [each for each in slos if each.of]
    return [*_families(plain, cache, ""), *_families(of_objects, cache, "object ", OBJECT)]


def _families(
    slos: Sequence[EvaluatedSlo], cache: RowCache, name: str, more: tuple[str, ...] = ()
) -> list[Family]:
    if not slos:
        return []
    identities = [(each.name, each.service) for each in slos]
    objects = [(each.of,) if more else () for each in slos]
    rows = cache.rows(f"{name}slos", _joined(identities, objects))
    since = min(each.since for each in slos)
    evaluations = [each.evaluation for each in slos]
    windows = [
        (*identity, window.label, *of)
        for identity, of, evaluation in zip(identities, objects, evaluations, strict=True)
        for window in (evaluation.windows if evaluation else ())
    ]
    windowed = cache.rows(f"{name}windows", windows)
    every = [window for evaluation in evaluations if evaluation for window in evaluation.windows]

    def family(
        metric: Metric, rows: Rows, values: Sequence[Value], begun: float | None = None
    ) -> Family:
        return Family(metric.with_labels(more) if more else metric, rows, values, begun)

    return [
        family(slo.OBJECTIVE, rows, [each.objective for each in slos]),
        family(slo.EVENTS, rows, [each.events for each in slos], since),
        family(slo.GOOD_EVENTS, rows, [each.good_events for each in slos], since),
        family(
            slo.BUDGET_REMAINING, rows, [e.budget_remaining if e else None for e in evaluations]
        ),
        family(slo.WATERMARK, rows, [each.watermark for each in slos]),
        family(slo.ERROR_RATIO, windowed, [window.error_ratio for window in every]),
        family(slo.BAD_EVENTS, windowed, [window.bad for window in every]),
        family(slo.BURN_RATE, windowed, [window.burn_rate for window in every]),
        family(slo.EXHAUSTION, windowed, [window.exhaustion_seconds for window in every]),
        family(slo.BUDGET_RESET, rows, [each.resets_at for each in slos]),
        family(slo.IN_MAINTENANCE, rows, [each.in_maintenance for each in slos]),
        *_infos(slos, cache, name, more),
    ]


def _joined(
    identities: Sequence[tuple[str, ...]], objects: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    return [(*identity, *of) for identity, of in zip(identities, objects, strict=True)]


def _infos(
    slos: Sequence[EvaluatedSlo], cache: RowCache, name: str, more: tuple[str, ...]
) -> Iterator[Family]:
    """slo_info: a family for each set of further labels, none of which is part of an identity."""
    by_keys: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for each in slos:
        keys = tuple(label for label, _ in each.labels)
        percent = f"{each.objective_percent:.12g}"
        row = (each.name, each.service, each.sli, percent, each.window)
        own = (each.of,) if more else ()
        values = tuple(value for _, value in each.labels)
        by_keys.setdefault(keys, []).append((*row, *own, *values))
    for keys, found in by_keys.items():
        rows = cache.rows(f"{name}info {' '.join(keys)}", found)
        labels = (*more, *keys)
        metric = slo.INFO.with_labels(labels) if labels else slo.INFO
        yield Family(metric, rows, [1] * len(found))


def split_families(split: Sequence[tuple[str, str, int, int]], cache: RowCache) -> list[Family]:
    """Of SLOs over many objects: name, service, how many objects have a budget, how many not."""
    rows = cache.rows("split", [each[:2] for each in split])
    return [
        Family(slo.OBJECTS, rows, [each[2] for each in split]),
        Family(slo.OBJECTS_DROPPED, rows, [each[3] for each in split]),
    ]


def asked_family(since: Mapping[tuple[str, str], float]) -> Family:
    """Since when (Unix seconds) the collector has measured each SLO, by name and service."""
    return Family(slo.ASKED_SINCE, Rows(since), [*since.values()])


def asked_of_objects(objects: Sequence[tuple[str, str, str]], since: Sequence[float]) -> Family:
    """The same of single objects, by name, service and object."""
    return Family(slo.ASKED_SINCE.with_labels(OBJECT), Rows(objects), since)
