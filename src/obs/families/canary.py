"""Canaries as families."""

from collections.abc import Sequence
from dataclasses import dataclass

from obs.catalogue import canary
from obs.families.family import Family, Rows
from obs.families.histogram import Histogram


@dataclass(frozen=True, slots=True)
class CanaryNumbers:
    """What is known of one canary. Times are Unix seconds, durations seconds; None: not known."""

    latency: Histogram
    last_latency: float | None
    unarrived: float | None
    stage: int | None
    last_arrival: float | None
    published: int
    failures: int
    lost: int
    late: int
    duplicates: int


def canary_families(each: CanaryNumbers, rows: Rows, since: float) -> Sequence[Family]:
    """All families of a canary, which `rows` names; counted since `since` (Unix seconds)."""
    count = each.latency.count
    return [
        Family(canary.LATENCY, rows, [count], since, [each.latency]),
        Family(canary.LAST_LATENCY, rows, [_rounded(each.last_latency)]),
        Family(canary.UNARRIVED, rows, [_rounded(each.unarrived)]),
        Family(canary.STAGE, rows, [each.stage]),
        Family(canary.LAST_ARRIVAL, rows, [_rounded(each.last_arrival)]),
        Family(canary.PUBLISHED, rows, [each.published], since),
        Family(canary.FAILURES, rows, [each.failures], since),
        Family(canary.LOST, rows, [each.lost], since),
        Family(canary.LATE, rows, [each.late], since),
        Family(canary.DUPLICATES, rows, [each.duplicates], since),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
