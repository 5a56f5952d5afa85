"""Quantities of counters."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.samples import Level, Steady
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.gauges import Across, across_by
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.units import unit_of
from obs.alerts.quantities.where import Where, inside
from obs.catalogue.metric import Metric

MINUTE = 60.0


@dataclass(frozen=True)
class Rate(Quantity):
    """A counter's growth per second over a window of seconds; that of an object's series added."""

    metric: Metric
    window: float = 5 * MINUTE
    where: tuple[Where, ...] = ()
    across: Across = "sum"

    @property
    def unit(self) -> Unit:
        return "bytes per second" if unit_of(self.metric) == "bytes" else "per second"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where], self.window)
        return across_by(self.across, self.metric, reader, f"rate({series})")

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        return Sampled((Steady(self.metric, wanted, chosen),), wanted)


@dataclass(frozen=True)
class Growth(Quantity):
    """By how much a counter grew in a window of seconds; the growth of an object's series added.

    `known`: an object that had the counter within so many seconds has grown by 0 where it is gone,
    as that of a process that began anew and has counted nothing yet.
    """

    metric: Metric
    window: float = 5 * MINUTE
    where: tuple[Where, ...] = ()
    known: float = 0.0

    @property
    def unit(self) -> Unit:
        found = unit_of(self.metric)
        return "events" if found == "number" else found

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        grown = self._over(self.window, reader)
        return f"({grown} or 0 * {self._over(self.known, reader)})" if self.known else grown

    def _over(self, window: float, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where], window)
        return across_by("sum", self.metric, reader, f"increase({series})")

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        rates = {level: value / self.window for level, value in wanted.items()}
        return Sampled(
            Rate(self.metric, self.window, self.where).sampled(rates, labels).series, wanted
        )
