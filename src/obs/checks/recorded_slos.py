"""What SLOs have come to, as a Prometheus-compatible server has it: recorded or scraped."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from obs.catalogue import slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, selector
from obs.clients.prometheus import Series
from obs.sources.kinds import each_source, module_of
from obs.spec.system import System

Key = tuple[str, str, str]
"""Service and name of an SLO, and the object that it is for, of one over many objects."""
Ask = Callable[[str], Sequence[Series]]
"""What a query gives now. Raises SourceError."""


@dataclass(frozen=True, slots=True)
class RecordedSlos:
    """Budgets that are left (1: untouched) and ends of the newest data (Unix seconds).

    `origin` says for people where they are from, `at` is when (Unix seconds).
    """

    origin: str
    at: float
    remaining: Mapping[Key, float]
    watermarks: Mapping[Key, float]

    def objects_of(self, service: str, name: str) -> list[str]:
        """What an SLO over many objects has data of, sorted."""
        return sorted({each[2] for each in self.watermarks if each[:2] == (service, name)})


def at_source(system: System, name: str) -> RecordedSlos:
    """What the server of a source has, whose series rules evaluate. Blocks; raises SourceError."""
    for kind, of, _ in each_source(system):
        if of == name and (module := module_of(kind, "obs.checks", "slo_rules")):
            found: RecordedSlos = module.at_source(system, name)
            return found
    raise LookupError(f"{name}: no rules evaluate its series")


def recorded_slos(ask: Ask, system: System, origin: str) -> RecordedSlos:
    """What a server has of the system's SLOs. Raises SourceError.

    Of several collectors the least budget counts, and the newest data.
    """
    where = equal(system.labels)

    def values(metric: Metric) -> Iterator[tuple[Key, float]]:
        for series in ask(selector(metric, where)):
            of = series.labels
            key = of.get("slo_service", ""), of.get("slo", ""), of.get(slo.OBJECT, "")
            yield from ((key, value) for _, value in series.points if isfinite(value))

    remaining: dict[Key, float] = {}
    for key, value in values(slo.BUDGET_REMAINING):
        remaining[key] = min(value, remaining.get(key, value))
    watermarks: dict[Key, float] = {}
    for key, value in values(slo.WATERMARK):
        watermarks[key] = max(value, watermarks.get(key, value))
    return RecordedSlos(origin, time.time(), remaining, watermarks)
