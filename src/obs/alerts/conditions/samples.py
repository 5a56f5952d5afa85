"""Samples that a collector exports while a condition holds, nearly holds, or does not.

A counter is sampled at the begin of its window, at its end, and at equal steps between.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction
from typing import Final, Protocol

from obs.alerts.conditions.promql import MINUTE
from obs.alerts.conditions.scope import Labels
from obs.catalogue.metric import Metric
from obs.catalogue.query import number

STEPS: Final = 5
"""Steps between the first and the last sample of a counter's window."""
STALE_AFTER: Final = 400.0
"""Seconds after which a source goes stale in these tests."""
WHOLE: Final = 1000.0
"""What shares are shares of in these tests."""
_BEFORE: Final = 7.0  # what counters begin with at least: neither nothing, nor round


class Level(Enum):
    """How an object does.

    FEW: all is bad, but too little to judge by, or of no concern. OVER: it was bad, and what
    happens now is good. IDLE: nothing happens, and what was before stands.
    """

    GOOD = auto()
    EDGE = auto()
    BAD = auto()
    FEW = auto()
    OVER = auto()
    IDLE = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Signal:
    """The samples of one series, one a step; None where there is none."""

    metric: Metric
    labels: Labels
    values: tuple[float | None, ...]


class Series(Protocol):
    """A series whose samples follow from the levels of its object."""

    def signal(self, levels: Sequence[Level], step: float) -> Signal:
        """The samples while the object goes through these levels, one a step of seconds."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge with a value for each level; no sample at levels that have none."""

    metric: Metric
    values: Mapping[Level, float]
    labels: Labels = ()

    def signal(self, levels: Sequence[Level], step: float) -> Signal:
        """The values of the levels."""
        return Signal(self.metric, self.labels, tuple(self.values.get(level) for level in levels))


@dataclass(frozen=True, slots=True)
class Moment:
    """A gauge that is a moment, so long ago for each level, in seconds."""

    metric: Metric
    ages: Mapping[Level, float]
    labels: Labels = ()

    def signal(self, levels: Sequence[Level], step: float) -> Signal:
        """The moments, in seconds from the first sample."""
        values = tuple(
            i * step - self.ages[level] if level in self.ages else None
            for i, level in enumerate(levels)
        )
        return Signal(self.metric, self.labels, values)


@dataclass(frozen=True, slots=True)
class Steady:
    """A counter that grows by so much a second at each level; no sample at levels without."""

    metric: Metric
    rates: Mapping[Level, float]
    labels: Labels = ()

    def signal(self, levels: Sequence[Level], step: float) -> Signal:
        """The totals, which go on where they were when samples come back."""
        total, values = _BEFORE, list[float | None]()
        for level in levels:
            total += self.rates.get(level, 0.0) * step
            values.append(total if level in self.rates else None)
        return Signal(self.metric, self.labels, tuple(values))


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter, and how much is counted at once in every window of a level."""

    metric: Metric
    bursts: Mapping[Level, float]
    labels: Labels = ()

    @property
    def begin(self) -> float:
        """What it has counted before: more than it counts in a test, so that a loss shows."""
        return _BEFORE + 100 * max(self.bursts.values())

    def signal(self, levels: Sequence[Level], step: float) -> Signal:
        """The totals."""
        total = self.begin
        values: list[float | None] = []
        for i, level in enumerate(levels):
            if i % STEPS == 0:
                total += self.bursts.get(level, 0.0)
            values.append(None if level is Level.GONE else total)
        return Signal(self.metric, self.labels, tuple(values))


def constant(value: float) -> dict[Level, float]:
    """The same value at every level at which there is one."""
    return {level: value for level in Level if level is not Level.GONE}


def share(percent: float, at_least: float = 0) -> tuple[float, float]:
    """A part and its whole, of which it is exactly this percentage; whole numbers."""
    exact = Fraction(number(percent)) / 100
    whole = max(WHOLE, at_least)
    scale = math.ceil(whole / exact.denominator) * exact.denominator
    return float(exact * scale), float(scale)


def while_bad(levels: Sequence[Level]) -> list[bool]:
    """Holds at level BAD, and while nothing happens after it."""
    holds: list[bool] = []
    for level in levels:
        lasts = level is Level.IDLE and bool(holds) and holds[-1]
        holds.append(level is Level.BAD or lasts)
    return holds


def always(levels: Sequence[Level]) -> list[bool]:
    """Holds at every level."""
    return [True] * len(levels)


def while_bad_or_gone(levels: Sequence[Level]) -> list[bool]:
    """Holds at level BAD, and without a sample."""
    return [level in (Level.BAD, Level.GONE) for level in levels]


def while_in_window(levels: Sequence[Level]) -> list[bool]:
    """Holds while level BAD was counted in the window."""
    return [Level.BAD in window for window in _windows(levels)]


def while_not_in_window(levels: Sequence[Level]) -> list[bool]:
    """Holds at level BAD once nothing else is counted in the window; not in the first window."""
    return [
        i > STEPS and level is Level.BAD and not {Level.GOOD, Level.EDGE} & set(window)
        for i, (level, window) in enumerate(zip(levels, _windows(levels), strict=True))
    ]


def _windows(levels: Sequence[Level]) -> list[Sequence[Level | None]]:
    """Step by step, the levels at which a counter counted within the window."""
    counted = [level if i % STEPS == 0 else None for i, level in enumerate(levels)]
    return [counted[max(0, i + 1 - STEPS) : i + 1] for i in range(len(levels))]


@dataclass(frozen=True, slots=True)
class Samples:
    """How a condition is tested.

    `value` is the alert's at level BAD, `step` the seconds between samples and evaluations,
    `holds` says step by step whether the condition holds. `has_exact_edge`: level EDGE lies on the
    threshold itself, and not beside it. `variants` are ways in which the condition holds in part
    only, with a level for each. `companions` are series that the rule reads beside the condition.
    `filled` are the placeholders of the condition in a description. `recall_step`: seconds between
    the moments that it looks back to while nothing happens; 0 where it does not look back.
    `settles`: seconds after a change in which what was before is still in the value, so that
    nothing is said of whether it holds.
    """

    series: tuple[Series, ...]
    value: float
    step: float = MINUTE
    holds: Callable[[Sequence[Level]], list[bool]] = while_bad
    has_exact_edge: bool = True
    is_counted: bool = False
    variants: tuple[tuple[str, Level], ...] = ()
    companions: tuple[Series, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    without_data: "WithoutData | NeverSeen" = field(default_factory=lambda: WithoutData.QUIET)
    recall_step: float = 0
    settles: float = 0

    def signals(self, levels: Sequence[Level]) -> list[Signal]:
        """The series of one object that goes through these levels."""
        return [each.signal(levels, self.step) for each in self.series]


class WithoutData(Enum):
    """What a condition does about an object without samples."""

    QUIET = auto()
    """Does not hold."""
    HOLDS = auto()
    """Holds: it is about the absence itself."""
    IRRELEVANT = auto()
    """Reads no series, and always holds."""


@dataclass(frozen=True, slots=True)
class NeverSeen:
    """Holds `after` seconds for what has never had a sample, counted from the moment `since`.

    `filled` are the placeholders of the condition then. `lasts`: where it held, it goes on when
    the samples go.
    """

    after: float
    since: Metric
    filled: Mapping[str, str]
    lasts: bool = False
