"""Quantities of gauges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from obs.alerts.conditions.samples import Gauge, Level, Moment
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.units import unit_of
from obs.alerts.quantities.where import Where, inside
from obs.catalogue.metric import Metric
from obs.catalogue.query import number

Across = Literal["max", "min", "sum", "avg", "count"]
"""How one value is made of an object's series."""


def across_by(across: str, metric: Metric, reader: Reader, inner: str) -> str:
    """One value for each object. Series of several collectors are the same, and do not add up."""
    how = across if metric.foreign else "max"
    return f"{how} by ({', '.join(reader.by)}) ({inner})"


@dataclass(frozen=True)
class Value(Quantity):
    """A gauge's present value; `least` is the least that it can be."""

    metric: Metric
    across: Across = "max"
    where: tuple[Where, ...] = ()
    least: float = 0.0

    is_exact = True

    @property
    def unit(self) -> Unit:
        return unit_of(self.metric)

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        return (self.least, 1.0 if self.unit == "ratio" else float("inf"))

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where])
        return across_by(self.across, self.metric, reader, series)

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        return Sampled((Gauge(self.metric, wanted, chosen),), wanted)


@dataclass(frozen=True)
class Forecast(Quantity):
    """What a gauge will be `ahead` seconds from now, if it goes on as in the last `window`."""

    metric: Metric
    ahead: float
    window: float = 6 * 3600.0
    across: Across = "min"
    where: tuple[Where, ...] = ()

    bounds = (float("-inf"), float("inf"))

    @property
    def unit(self) -> Unit:
        return unit_of(self.metric)

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.metric, [each.matcher for each in self.where], self.window)
        return across_by(
            self.across, self.metric, reader, f"predict_linear({series}, {number(self.ahead)})"
        )

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        # A step from one level to the next looks like a trend: what is not to fire takes none.
        flat = {
            level: wanted.get(Level.GOOD, value) if level is Level.EDGE else value
            for level, value in wanted.items()
        }
        return Value(self.metric, self.across, self.where).sampled(flat, labels)


@dataclass(frozen=True)
class SecondsSince(Quantity):
    """How long ago a moment was, in seconds; of a moment to come, negative. With `until` it is how
    long until the moment."""

    moment: Metric
    until: bool = False
    where: tuple[Where, ...] = ()

    @property
    def unit(self) -> Unit:
        return "seconds"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.moment,)

    def promql(self, reader: Reader) -> str:
        series = reader.series(self.moment, [each.matcher for each in self.where])
        moment = across_by("min" if self.until else "max", self.moment, reader, series)
        return f"({moment} - time())" if self.until else f"(time() - {moment})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        ages = {level: -value if self.until else value for level, value in wanted.items()}
        return Sampled((Moment(self.moment, ages, chosen),), wanted)
