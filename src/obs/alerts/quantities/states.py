"""Quantities of what changes seldom: flags, moments of a start, and whether an exporter answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.samples import Gauge, Level, Moment, Steady, constant
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.counters import MINUTE
from obs.alerts.quantities.gauges import across_by
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.units import unit_of
from obs.alerts.quantities.where import Where, inside
from obs.catalogue.foreign import UP
from obs.catalogue.metric import Kind, Metric

_BAD = (Level.BAD, Level.FEW)


@dataclass(frozen=True)
class Rise(Quantity):
    """How far a gauge is above its lowest of the last `over` seconds: a flag that has been set, a
    start that is a new one. 0 for what is seen for the first time."""

    metric: Metric
    over: float
    where: tuple[Where, ...] = ()

    is_exact = True

    @property
    def unit(self) -> Unit:
        return unit_of(self.metric)

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        where = [each.matcher for each in self.where]
        lowest = f"min_over_time({reader.series(self.metric, where, self.over)})"
        return across_by(
            "max", self.metric, reader, f"{reader.series(self.metric, where)} - {lowest}"
        )

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        risen = {
            level: value if level in (*_BAD, Level.EDGE) else 0.0 for level, value in wanted.items()
        }
        return Sampled((Gauge(self.metric, risen, chosen),), risen)


@dataclass(frozen=True)
class Changes(Quantity):
    """How often a gauge changed in a window of seconds; the changes of an object's series added."""

    metric: Metric
    window: float = 15 * MINUTE
    where: tuple[Where, ...] = ()

    @property
    def unit(self) -> Unit:
        return "events"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where], self.window)
        return across_by("sum", self.metric, reader, f"changes({series})")

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        steps = {level: float(level in _BAD) for level in wanted}  # one a step, or none
        return Sampled((Steady(self.metric, steps, chosen),), wanted)


@dataclass(frozen=True)
class Skew(Quantity):
    """How many seconds a clock is off that of Prometheus, which says when it scraped."""

    clock: Metric

    @property
    def unit(self) -> Unit:
        return "seconds"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.clock,)

    def promql(self, reader: Reader) -> str:
        clock = reader.series(self.clock, ())
        return across_by("max", self.clock, reader, f"abs({clock} - timestamp({clock}))")

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        return Sampled((Moment(self.clock, wanted, labels),), wanted)


@dataclass(frozen=True)
class Answers(Quantity):
    """1 where Prometheus can scrape an exporter, 0 where it cannot; known by a metric that the
    exporter had within the last `known` seconds."""

    metric: Metric
    known: float = 1_440 * MINUTE

    is_exact = True

    @property
    def unit(self) -> Unit:
        return "number"

    def metrics(self) -> tuple[Metric, ...]:
        return (UP, self.metric)

    def promql(self, reader: Reader) -> str:
        had = f"last_over_time({reader.series(self.metric, (), self.known)})"
        up = f"{reader.series(UP, ())} and on (job, instance) {had}"
        return across_by("min", UP, reader, up)

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        return Sampled(
            (Gauge(UP, wanted, labels), Gauge(self.metric, constant(1.0), labels)), wanted
        )


@dataclass(frozen=True)
class Count(Quantity):
    """How many series an object has of a metric: CPUs."""

    metric: Metric
    where: tuple[Where, ...] = ()

    @property
    def unit(self) -> Unit:
        return "number"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where])
        return across_by("count", self.metric, reader, series)

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        """Those of an object with one."""
        chosen = inside(self.where, labels)
        one = dict.fromkeys(wanted, 1.0)
        kind = Steady if self.metric.kind is Kind.COUNTER else Gauge
        return Sampled((kind(self.metric, one, chosen),), one)
