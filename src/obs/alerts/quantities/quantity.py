"""The interface of quantities, and of what reads their series."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from obs.alerts.conditions.samples import Level, Series
from obs.alerts.conditions.scope import Labels
from obs.alerts.conditions.words import Unit
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher


class Reader(Protocol):
    """Who reads the series: a rule, or a panel with its variables. `by` are the labels that tell
    objects apart."""

    @property
    def by(self) -> Sequence[str]: ...

    def series(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        """A selector of the metric, over a window of seconds where one is given."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Series of one object, and what the quantity is of them at each level."""

    series: tuple[Series, ...]
    reached: Mapping[Level, float] = field(default_factory=dict)


class Quantity(ABC):
    """A value for each object.

    `window` is for how many seconds what was before is still in the value. `is_exact`: tests can
    give it a value to the last digit. `bounds` are the least and the most that it can be.
    """

    window: float = 0.0
    is_exact: bool = False
    bounds: tuple[float, float] = (0.0, float("inf"))

    @property
    @abstractmethod
    def unit(self) -> Unit:
        """The unit of its values."""

    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that it reads; every object has the first."""

    def firsts(self) -> tuple[Metric, ...]:
        """Metrics of which every object has at least one."""
        return self.metrics()[:1]

    @abstractmethod
    def promql(self, reader: Reader) -> str:
        """An expression on one line, in parentheses where it has an operator."""

    @abstractmethod
    def sampled(self, wanted: Mapping[Level, float], labels: Labels = ()) -> Sampled:
        """Series with which it has these values, as near as it can, and the values.

        `labels` are given to the series beside, or instead of, those that it selects by.
        """
