"""What a collector would tell while an alert's condition holds, nearly holds, or does not.

A counter is sampled every 4/15 of its window, so that every window spans three steps and its
increase is exactly 5/4 of what was counted, whether the target's ranges are closed on the left
(Prometheus 2) or open (3).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from obs.alerts.conditions import (
    Above,
    Absent,
    Age,
    Always,
    Below,
    Burn,
    BurnTiers,
    Condition,
    Equals,
    ErrorRate,
    Increase,
    Overdue,
    Quiet,
    Share,
)
from obs.alerts.conditions.scope import Labels
from obs.catalogue.metric import Metric

STEPS: Final = 3
"""Steps between the first and the last sample of a counter's window."""
STALE_AFTER: Final = 400.0
"""Seconds after which a source goes stale in these tests."""

_EXTRAPOLATED: Final = 1.25
_FINEST: Final = 64  # counters grow by multiples of 1/64, which floats add exactly
_BEFORE: Final = 100_000.0  # what counters begin with, so that none is extrapolated to zero
_WHOLE: Final = 1000.0
_MINUTE: Final = 60


class Level(Enum):
    """How an object does. FEW: all is bad, but too little to judge by, or of no concern."""

    GOOD = auto()
    EDGE = auto()
    BAD = auto()
    FEW = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Signal:
    """The samples of one series, one a step; None where there is none."""

    metric: Metric
    labels: Labels
    values: tuple[float | None, ...]


def step_seconds(when: Condition) -> float:
    """How far apart samples and evaluations are."""
    if isinstance(when, Increase | Quiet | ErrorRate):
        return when.window * 4 / 15
    return _MINUTE


def is_counted(when: Condition) -> bool:
    """Whether the condition is about what counters do in a window."""
    return isinstance(when, Increase | Quiet | ErrorRate)


def has_exact_edge(when: Condition) -> bool:
    """Whether EDGE lies on the threshold itself, and not beside it."""
    match when:
        case Increase():
            return _burst(when.threshold) * _EXTRAPOLATED == when.threshold
        case Quiet():
            return _burst_from(when.threshold) * _EXTRAPOLATED == when.threshold
        case Above() | Below() | Age() | Overdue() | Burn() | ErrorRate() | Share():
            return True
        case _:
            return False


def signals(when: Condition, levels: Sequence[Level], step: float) -> list[Signal]:
    """The series of one object that is in these levels, one a step."""
    match when:
        case Above() | Below() | Equals():
            where = when.where if isinstance(when, Equals) else ()
            return [_gauge(when.metric, where, _gauge_values(when), levels)]
        case Share():
            return _shares(when, levels)
        case Increase():
            return [_counter(when.metric, when.where, _bursts(when), levels)]
        case Quiet():
            return [_counter(when.metric, (), _bursts(when), levels)]
        case ErrorRate():
            return _rates(when, levels)
        case Age(moment, threshold):
            ages = {Level.GOOD: 0.0, Level.EDGE: threshold, Level.BAD: threshold + 1}
            return [_moment(moment, ages, levels, step)]
        case Overdue():
            return _overdue(when, levels, step)
        case Burn():
            return _burns(when, levels)
        case Absent(metric):
            return [_gauge(metric, (), dict.fromkeys((Level.GOOD, Level.EDGE), 1.0), levels)]
        case Always() | BurnTiers():
            return []


def holds(when: Condition, levels: Sequence[Level]) -> list[bool]:
    """Step by step, whether the condition holds."""
    if isinstance(when, Absent):
        return [level in (Level.BAD, Level.GONE) for level in levels]
    if isinstance(when, Always):
        return [True] * len(levels)
    if not is_counted(when):
        return [level is Level.BAD for level in levels]
    counted = [level if i % STEPS == 0 else None for i, level in enumerate(levels)]
    recent = [counted[max(0, i + 1 - STEPS) : i + 1] for i in range(len(levels))]
    if isinstance(when, Quiet):
        return [
            i > STEPS and level is Level.BAD and not {Level.GOOD, Level.EDGE} & set(window)
            for i, (level, window) in enumerate(zip(levels, recent, strict=True))
        ]
    return [Level.BAD in window for window in recent]


def value(when: Condition) -> float:
    """The value of the alert when it fires, at level BAD."""
    match when:
        case Above() | Below() | Equals():
            return _gauge_values(when)[Level.BAD]
        case Share():
            return 100 * (when.threshold / 100 * _WHOLE + 1) / _WHOLE
        case Increase():
            return _bursts(when)[Level.BAD] * _EXTRAPOLATED
        case ErrorRate():
            return 100 * (when.threshold / 100 * _WHOLE + 1) / _WHOLE
        case Age():
            return when.threshold + 1
        case Overdue():
            return when.percent / 100 * STALE_AFTER + 1
        case Burn():
            return when.factor * 2
        case Quiet() | Absent() | Always() | BurnTiers():
            return 0.0


def variants(when: Condition) -> list[tuple[str, Level]]:
    """Ways in which a condition holds in part only, with a level for each."""
    if isinstance(when, ErrorRate):
        return [("all of too few events are bad", Level.FEW)]
    if isinstance(when, Share) and when.given is not None:
        return [(f"{when.given.name} is 0", Level.FEW)]
    if isinstance(when, Burn):
        return [("both windows burn, of fewer bad events than it takes", Level.FEW)]
    return []


def _gauge_values(when: Above | Below | Equals) -> dict[Level, float]:
    if isinstance(when, Equals):
        other = 0.0 if when.value else 1.0
        beside = when.value - 1 if when.value else 1.0
        return {Level.GOOD: other, Level.EDGE: beside, Level.BAD: when.value}
    edge = when.threshold
    little = max(abs(edge) / 100, 0.5)
    if isinstance(when, Above):
        return {Level.GOOD: min(edge, 0.0), Level.EDGE: edge, Level.BAD: edge + little}
    return {Level.GOOD: edge + abs(edge) + 1, Level.EDGE: edge, Level.BAD: edge - little}


def _gauge(
    metric: Metric, labels: Labels, values: dict[Level, float], levels: Sequence[Level]
) -> Signal:
    return Signal(metric, labels, tuple(values.get(level) for level in levels))


def _shares(when: Share, levels: Sequence[Level]) -> list[Signal]:
    edge = round(when.threshold / 100 * _WHOLE, 9)
    parts = {Level.GOOD: edge / 2, Level.EDGE: edge, Level.BAD: edge + 1, Level.FEW: edge + 1}
    told = [
        _gauge(when.part, (), parts, levels),
        _gauge(when.whole, (), dict.fromkeys(parts, _WHOLE), levels),
    ]
    if when.given is not None:
        given = {**dict.fromkeys(parts, 1.0), Level.FEW: 0.0}
        told.append(_gauge(when.given, (), given, levels))
    return told


def _moment(
    metric: Metric, ages: dict[Level, float], levels: Sequence[Level], step: float
) -> Signal:
    told = [None if level not in ages else i * step - ages[level] for i, level in enumerate(levels)]
    return Signal(metric, (), tuple(told))


def _overdue(when: Overdue, levels: Sequence[Level], step: float) -> list[Signal]:
    edge = when.percent / 100 * STALE_AFTER
    ages = {Level.GOOD: 0.0, Level.EDGE: edge, Level.BAD: edge + 1}
    always = (Level.GOOD, Level.EDGE, Level.BAD, Level.FEW)
    return [
        _moment(when.moment, ages, levels, step),
        _gauge(when.limit, (), dict.fromkeys(always, STALE_AFTER), levels),
        _gauge(when.since, (), dict.fromkeys(always, 0.0), levels),
    ]


def _burns(when: Burn, levels: Sequence[Level]) -> list[Signal]:
    enough = float(when.min_bad_events)
    fast, edge = when.factor * 2, when.factor
    long = {Level.GOOD: fast, Level.EDGE: edge, Level.BAD: fast, Level.FEW: fast}
    short = {Level.GOOD: edge, Level.EDGE: fast, Level.BAD: fast, Level.FEW: fast}
    bad = {Level.GOOD: enough, Level.EDGE: enough, Level.BAD: enough, Level.FEW: enough - 1}
    return [
        _gauge(when.burn, (("window", when.long),), long, levels),
        _gauge(when.burn, (("window", when.short),), short, levels),
        _gauge(when.bad, (("window", when.long),), bad, levels),
    ]


def _bursts(when: Increase | Quiet) -> dict[Level, float]:
    """How much is counted at once, in every window of these levels."""
    if isinstance(when, Increase):
        edge = _burst(when.threshold)
        return {Level.EDGE: edge, Level.BAD: edge + 1 / _FINEST}
    edge = _burst_from(when.threshold)
    return {Level.GOOD: edge * 10, Level.EDGE: edge}


def _burst(increase: float) -> float:
    """The greatest burst that makes no more than this increase."""
    return math.floor(increase / _EXTRAPOLATED * _FINEST) / _FINEST


def _burst_from(increase: float) -> float:
    """The smallest burst that makes at least this increase."""
    return math.ceil(increase / _EXTRAPOLATED * _FINEST) / _FINEST


def _rates(when: ErrorRate, levels: Sequence[Level]) -> list[Signal]:
    whole = max(_WHOLE, when.minimum)
    edge = round(when.threshold / 100 * whole, 9)
    few = _burst(when.minimum) - 1 / _FINEST
    bad = {Level.EDGE: edge, Level.BAD: edge + whole / _WHOLE, Level.FEW: few}
    total = {Level.GOOD: whole, Level.EDGE: whole, Level.BAD: whole, Level.FEW: few}
    return [
        _counter(when.bad, (), bad, levels),
        _counter(when.total, (), total, levels),
    ]


def _counter(
    metric: Metric, labels: Labels, bursts: dict[Level, float], levels: Sequence[Level]
) -> Signal:
    total, told = _BEFORE, []
    for i, level in enumerate(levels):
        if i % STEPS == 0:
            total += bursts.get(level, 0.0)
        told.append(None if level is Level.GONE else total)
    return Signal(metric, labels, tuple(told))
