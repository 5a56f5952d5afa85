"""Quantities of histograms with classic buckets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from obs.alerts.conditions.samples import Level, Series, Steady
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.counters import MINUTE, Rate
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.units import unit_of
from obs.alerts.quantities.where import Where, inside
from obs.catalogue.metric import Kind, Metric
from obs.catalogue.query import number

_A_SECOND = 10.0  # observations in tests


def part(histogram: Metric, name: str) -> Metric:
    """One of the series of a histogram as a counter: `bucket`, `count` or `sum`."""
    return replace(
        histogram, name=f"{histogram.name}_{name}", kind=Kind.COUNTER, unit="", buckets=()
    )


@dataclass(frozen=True)
class Percentile(Quantity):
    """The value below which `percent` of the observations of a window of seconds are.

    PromQL estimates it within a bucket: it is as exact as the buckets are narrow.
    """

    histogram: Metric
    percent: float
    window: float = 5 * MINUTE
    where: tuple[Where, ...] = ()

    @property
    def unit(self) -> Unit:
        return unit_of(self.histogram)

    def metrics(self) -> tuple[Metric, ...]:
        return (part(self.histogram, "bucket"),)

    def promql(self, reader: Reader) -> str:
        matchers = [each.matcher for each in self.where]
        series = reader.series(part(self.histogram, "bucket"), matchers, self.window)
        each = f"sum by ({', '.join((*reader.by, 'le'))}) (rate({series}))"
        return f"histogram_quantile({number(self.percent / 100)}, {each})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        held = {level: self._bucket(value, level) for level, value in wanted.items()}
        bounds = (*self.histogram.buckets, float("inf"))
        series = tuple(
            Steady(
                part(self.histogram, "bucket"),
                {level: _A_SECOND if bound >= high else 0.0 for level, (_, high) in held.items()},
                (*chosen, ("le", "+Inf" if bound == float("inf") else number(bound))),
            )
            for bound in bounds
        )
        reached = {
            level: low + (high - low) * self.percent / 100 for level, (low, high) in held.items()
        }
        return Sampled(series, reached)

    def _bucket(self, value: float, level: Level) -> tuple[float, float]:
        """The bounds of the bucket that all observations are in: above the value where it is bad,
        else below it."""
        bounds = (0.0, *self.histogram.buckets)
        pairs = list(pairwise(bounds))
        if level in (Level.BAD, Level.FEW):
            return next((pair for pair in pairs if pair[0] >= value), pairs[-1])
        return next((pair for pair in reversed(pairs) if pair[1] <= value), pairs[0])


@dataclass(frozen=True)
class Mean(Quantity):
    """The mean of the observations of a window of seconds."""

    histogram: Metric
    window: float = 5 * MINUTE
    where: tuple[Where, ...] = ()

    @property
    def unit(self) -> Unit:
        return unit_of(self.histogram)

    def metrics(self) -> tuple[Metric, ...]:
        return (part(self.histogram, "count"), part(self.histogram, "sum"))

    def promql(self, reader: Reader) -> str:
        count, total = (Rate(each, self.window, self.where) for each in self.metrics())
        return f"({total.promql(reader)} / {count.promql(reader)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        chosen = inside(self.where, labels)
        count, total = self.metrics()
        series: tuple[Series, ...] = (
            Steady(count, dict.fromkeys(wanted, _A_SECOND), chosen),
            Steady(total, {level: _A_SECOND * mean for level, mean in wanted.items()}, chosen),
        )
        return Sampled(series, wanted)
