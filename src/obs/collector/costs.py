"""Estimated cost of a spec's polls and its CloudWatch output."""

from collections.abc import Collection

from obs.catalogue.metric import Metric
from obs.sources.kind import Publishing, SourceCost
from obs.sources.kinds import KINDS
from obs.spec.system import System


def paid_kinds() -> list[str]:
    """Names of the source kinds whose polls cost money."""
    return [kind.words for kind in KINDS if kind.paid and not kind.counted_with]


def estimate_costs(system: System, kinds: Collection[str]) -> list[SourceCost]:
    """By source, of these kinds; polls once what the CloudWatch output publishes metrics of."""
    paid = [kind for kind in KINDS if kind.paid and kind.key in kinds]
    if not paid:
        return []
    for kind in paid:
        for name in system.sources.of(kind.key):
            kind.require_extra(name)
    publishing = _publishing(system)
    slis = [slo.sli for slo in system.slos]
    return [
        cost for kind in paid for cost in kind.costs(system.sources.of(kind.key), publishing, slis)
    ]


def _publishing(system: System) -> dict[str, Publishing]:
    """Of the source that the CloudWatch output writes through."""
    output = system.outputs.cloudwatch
    if output is None:
        return {}
    from obs.sinks.cloudwatch import points_of  # noqa: PLC0415  only where something is published

    chosen = frozenset(output.published)
    families = [each for kind in KINDS for each in kind.polled_once(system.sources.of(kind.key))]
    polled = [family for family in families if family.metric in chosen]
    series = {point.series for point in points_of(polled, system.labels)}
    own = sum(_own_series(metric, system) for metric in chosen)
    return {output.source: Publishing(len(series) + own, output.every)}


def _own_series(metric: Metric, system: System) -> int:
    """How many series, at least, a metric has that no poll shows."""
    if any(kind.key in metric.labels for kind in KINDS):
        return 0
    if "slo" in metric.labels:
        return sum(not slo.by_rules for slo in system.slos)
    return len(list(system.sources.every())) if "source" in metric.labels else 1
