"""Which metrics of the catalogue a system exports; everything that is built asks here.

A metric is exported unless it is on request and not included, or is excluded. Those that every
rule and page needs are always exported.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from obs.catalogue import nats, own, slo
from obs.catalogue.declare import EXPORTED
from obs.catalogue.metric import Metric

ALWAYS: Final = frozenset(
    metric.name
    for metric in (
        *(own.SOURCE_UP, own.SOURCE_WITHDRAWN, own.BUILD_INFO, slo.OBJECTIVE),
        *(own.SHARDS, own.SHARD_INFO, own.SHARD_SOURCE_UP),
    )
)
"""Rules read these to know whether a source, an object, a shard, or the collector itself is
there."""

_NAME: Final = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Exported:
    """What is exported. `left_out` are names of the catalogue; of those, `excluded` by the spec.

    What is no metric of the catalogue, such as Prometheus' own, is not left out.
    """

    left_out: frozenset[str]
    excluded: frozenset[str]

    def __contains__(self, metric: Metric) -> bool:
        return metric.name not in self.left_out

    def suffices(self, promql: str) -> bool:
        """Whether an expression reads only what is exported."""
        return self.left_out.isdisjoint(names_in(promql))

    def lacking(self, metrics: Iterable[Metric]) -> Iterator[str]:
        """Of these metrics, those that are not exported, each with the reason."""
        for metric in metrics:
            if metric.name in self.excluded:
                yield f"{metric.name}, which metrics.exclude leaves out"
            elif metric.name in self.left_out:
                yield f"{metric.name}, which is exported only where metrics.include names it"


@lru_cache(256)
def exported(include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> Exported:
    """What is exported where the spec includes and excludes these names and globs.

    What is excluded is not exported, whether included or not.
    """
    excluded = {name for name in _matching(exclude) if name not in ALWAYS}
    on_request = {metric.name for metric in EXPORTED.values() if metric.on_request}
    unasked = on_request.difference(_matching(include))
    return Exported(frozenset(excluded | unasked), frozenset(excluded))


@lru_cache(16)
def of_other_shards(whole: Exported) -> Exported:
    """What the collectors of shards 2, 3, … export of a system: not what belongs to no stream, rule
    or queue, which is shard 1's."""
    first = {
        metric.name
        for metric in EXPORTED.values()
        if {"nats", "aws"}.intersection(metric.labels)
        and not {"stream", "bucket", "rule", "queue"}.intersection(metric.labels)
        and metric is not nats.MISSING_ASSETS
    }
    return Exported(whole.left_out | first, whole.excluded)


def names_in(promql: str) -> frozenset[str]:
    """The words of an expression that may be names of metrics; none within quotes."""
    return frozenset(_NAME.findall(_TEXT.sub("", promql)))


def _matching(globs: tuple[str, ...]) -> list[str]:
    return [name for name in EXPORTED if any(fnmatchcase(name, glob) for glob in globs)]
