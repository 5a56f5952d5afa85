"""Quantities of some objects only."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.samples import Level, Steady
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.catalogue.metric import Metric


@dataclass(frozen=True)
class Having(Quantity):
    """A quantity of those objects that have a counter beside it: every process has the metrics of
    a process, but not each serves requests."""

    of: Quantity
    counter: Metric

    @property
    def unit(self) -> Unit:
        return self.of.unit

    @property
    def window(self) -> float:  # type: ignore[override]
        return self.of.window

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        return self.of.is_exact

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        return self.of.bounds

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.of.metrics(), self.counter)

    def promql(self, reader: Reader) -> str:
        has = f"group by ({', '.join(reader.by)}) ({reader.series(self.counter, ())})"
        return f"({self.of.promql(reader)} and {has})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        sampled = self.of.sampled(wanted, labels)
        there = Steady(self.counter, dict.fromkeys(wanted, 1.0), labels)
        return Sampled((*sampled.series, there), sampled.reached)
