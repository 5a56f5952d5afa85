"""Quantities that different exporters tell under different names."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.samples import Level
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.alerts.quantities.arithmetic import Percent
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.catalogue.metric import Metric


@dataclass(frozen=True)
class Either(Quantity):
    """The first of the choices; for objects that do not have it the next.

    All have the same unit. An object that has several counts once, by the first.
    """

    choices: tuple[Quantity, ...]

    @property
    def unit(self) -> Unit:
        return self.choices[0].unit

    @property
    def window(self) -> float:  # type: ignore[override]
        return max(each.window for each in self.choices)

    @property
    def is_exact(self) -> bool:  # type: ignore[override]
        return self.choices[0].is_exact

    @property
    def bounds(self) -> tuple[float, float]:  # type: ignore[override]
        return self.choices[0].bounds

    def metrics(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys(metric for each in self.choices for metric in each.metrics()))

    def firsts(self) -> tuple[Metric, ...]:
        return tuple(dict.fromkeys(metric for each in self.choices for metric in each.firsts()))

    def promql(self, reader: Reader) -> str:
        return f"({' or '.join(each.promql(reader) for each in self.choices)})"

    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        return self.choices[0].sampled(wanted, labels)


@dataclass(frozen=True)
class PercentOfLimit(Percent):
    """A value in percent of a limit that it may exceed, such as a budget."""

    bounds = (0.0, float("inf"))
