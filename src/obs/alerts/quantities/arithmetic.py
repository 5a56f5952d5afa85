"""Quantities made of others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from obs.alerts.conditions.samples import Level
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.counters import Growth, Rate
from obs.alerts.quantities.gauges import Forecast, Value
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.where import outside
from obs.catalogue.metric import Metric
from obs.catalogue.query import number

_WHOLE: Final = 1000.0
"""What shares are shares of in tests, unless the whole says how much it can be."""

_OfOne = Rate | Growth | Value


class _OfTwo(Quantity):
    """What two quantities have in common."""

    first: Quantity
    second: Quantity

    @property
    def window(self) -> float:  # type: ignore[override]
        return max(self.first.window, self.second.window)

    def metrics(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys((*self.second.metrics(), *self.first.metrics())))


@dataclass(frozen=True)
class Percent(_OfTwo):
    """A part in percent of its whole.

    A counter that has no series has counted nothing; a gauge without series is unknown. A gauge
    that is 0 is no whole, but says that there is none: no limit, no swap.
    """

    first: Quantity
    second: Quantity

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        low, high = self.first.bounds
        return (0.0, 100.0) if low >= 0 else (low, high)

    @property
    def unit(self) -> Unit:
        return "percent"

    def promql(self, reader: Reader) -> str:
        part, whole = self.first.promql(reader), self.second.promql(reader)
        if isinstance(self.second, Value):
            whole = f"({whole} > 0)"
        if isinstance(self.first, Value | Forecast):
            return f"(100 * {part} / {whole})"
        return f"(100 * {_or_nothing(part, whole)} / {whole})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        parts, rest = _shared(wanted)
        first = self.first.sampled(parts, labels).series
        one, all_ = self.first, self.second
        if isinstance(one, _OfOne) and isinstance(all_, _OfOne) and one.metric == all_.metric:
            others = outside(one.where, all_.where)
            second = all_.sampled(rest, (*others, *labels)).series
        else:
            second = all_.sampled(dict.fromkeys(wanted, _WHOLE), labels).series
        return Sampled((*first, *second), wanted)


@dataclass(frozen=True)
class PercentBeside(_OfTwo):
    """A part in percent of itself and the rest beside it: hits of hits and misses."""

    first: Quantity
    second: Quantity

    bounds = (0.0, 100.0)

    @property
    def unit(self) -> Unit:
        return "percent"

    def promql(self, reader: Reader) -> str:
        part, rest = self.first.promql(reader), self.second.promql(reader)
        known = _or_nothing(part, rest)
        return f"(100 * {known} / ({known} + {_or_nothing(rest, part)}))"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        parts, rest = _shared(wanted)
        first, second = self.first.sampled(parts, labels), self.second.sampled(rest, labels)
        return Sampled((*first.series, *second.series), wanted)


@dataclass(frozen=True)
class Per(_OfTwo):
    """A quantity for each one of another: the load for each CPU."""

    first: Quantity
    second: Quantity

    @property
    def unit(self) -> Unit:
        return self.first.unit

    def promql(self, reader: Reader) -> str:
        return f"({self.first.promql(reader)} / {self.second.promql(reader)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        first = self.first.sampled(wanted, labels)
        second = self.second.sampled(dict.fromkeys(wanted, 1.0), labels)
        return Sampled((*first.series, *second.series), first.reached)


@dataclass(frozen=True)
class Sum(_OfTwo):
    """Two quantities added, or the one that there is."""

    first: Quantity
    second: Quantity

    @property
    def unit(self) -> Unit:
        return self.first.unit

    def promql(self, reader: Reader) -> str:
        one, other = self.first.promql(reader), self.second.promql(reader)
        return f"({_or_nothing(one, other)} + {_or_nothing(other, one)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        halves = {level: value / 2 for level, value in wanted.items()}
        first, second = self.first.sampled(halves, labels), self.second.sampled(halves, labels)
        return Sampled((*first.series, *second.series), wanted)


@dataclass(frozen=True)
class Complement(Quantity):
    """What is left of a `whole` number beside a quantity: 100 % less the idle share."""

    whole: float
    rest: Quantity

    @property
    def unit(self) -> Unit:
        return self.rest.unit

    @property
    def window(self) -> float:  # type: ignore[override]
        return self.rest.window

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        low, high = self.rest.bounds
        return (self.whole - high, self.whole - low)

    def metrics(self) -> tuple[Metric, ...]:
        return self.rest.metrics()

    def promql(self, reader: Reader) -> str:
        return f"({number(self.whole)} - {self.rest.promql(reader)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        rest = {level: self.whole - value for level, value in wanted.items()}
        sampled = self.rest.sampled(rest, labels)
        reached = {level: self.whole - value for level, value in sampled.reached.items()}
        return replace(sampled, reached=reached)


@dataclass(frozen=True)
class Times(Quantity):
    """A quantity multiplied, which may make another unit of it."""

    factor: float
    of: Quantity
    into: Unit | None = None

    @property
    def unit(self) -> Unit:
        return self.into or self.of.unit

    @property
    def window(self) -> float:  # type: ignore[override]
        return self.of.window

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        if self.unit == "percent":
            return (0.0, 100.0)
        low, high = self.of.bounds
        return (self.factor * low, self.factor * high)

    def metrics(self) -> tuple[Metric, ...]:
        return self.of.metrics()

    def promql(self, reader: Reader) -> str:
        return f"({number(self.factor)} * {self.of.promql(reader)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        of = {level: value / self.factor for level, value in wanted.items()}
        sampled = self.of.sampled(of, labels)
        reached = {level: self.factor * value for level, value in sampled.reached.items()}
        return replace(sampled, reached=reached)


def _or_nothing(one: str, other: str) -> str:
    """The one quantity, or 0 for the objects that have only the other."""
    return f"({one} or 0 * {other})"


def _shared(percents: Mapping[Level, float]) -> tuple[dict[Level, float], dict[Level, float]]:
    """The parts of a whole that are these percentages of it, and what is left of it."""
    parts = {level: _WHOLE * percent / 100 for level, percent in percents.items()}
    return parts, {level: _WHOLE - part for level, part in parts.items()}
