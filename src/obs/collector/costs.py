"""Estimated cost of a spec's polls and its CloudWatch output."""

from collections.abc import Collection

from obs.sources.kind import Publishing, SourceCost
from obs.sources.kinds import KINDS
from obs.spec.system import System


def paid_kinds() -> list[str]:
    """Names of the source kinds whose polls cost money."""
    return [kind.words for kind in KINDS if kind.paid]


def estimate_costs(system: System, kinds: Collection[str]) -> list[SourceCost]:
    """By source, of these kinds; polls once what the CloudWatch output publishes metrics of."""
    paid = [kind for kind in KINDS if kind.paid and kind.key in kinds]
    if not paid:
        return []
    for kind in paid:
        for name in system.sources.of(kind.key):
            kind.require_extra(name)
    publishing = _publishing(system)
    return [cost for kind in paid for cost in kind.costs(system.sources.of(kind.key), publishing)]


def _publishing(system: System) -> dict[str, Publishing]:
    """Of the source that the CloudWatch output writes through."""
    output = system.outputs.cloudwatch
    if output is None:
        return {}
    objects = sum(kind.published(system.sources.of(kind.key)) for kind in KINDS)
    return {output.source: Publishing(objects * len(output.metrics), output.every)}
