"""What every alert is tested for, as series over time and when the alert is to fire."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from obs.alerts.alert import KEPT, About, TunedAlert
from obs.alerts.condition import Absent, Age, Always, Burn, Labels, Overdue
from obs.alerts.rule_tests.input_series import (
    STALE_AFTER,
    STEPS,
    Level,
    Signal,
    holds,
    is_counted,
    signals,
    step_seconds,
    value,
    variants,
)
from obs.catalogue import own, slo
from obs.slo.windows import window
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System

_LEAD: Final = 2 * STEPS  # steps of healthy life before anything happens
_TAIL: Final = 3 * STEPS
_MOST_GONE: Final = 3 * STEPS
_LOOKBACK: Final = 300  # seconds; an alert sampled less often does not see that it was firing
EXHAUSTION: Final = 7200.0
"""What the collector tells in these tests: seconds until the budget is spent."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one alert: samples a step apart, and at which steps the alert fires.

    `labels` are of the object; `told` asks for its annotations where it first fires, with this
    `value`. `never`: a source that has not answered at all.
    """

    name: str
    step: float
    series: tuple[Signal, ...]
    labels: Labels
    firing: tuple[bool, ...]
    told: bool = False
    value: float = 0.0
    never: bool = False


def cases(tuned: TunedAlert, system: System) -> Iterator[Case]:
    """Every case of an alert; none where no object is left for the general rule."""
    labels = _object(tuned, system)
    if labels is None:
        return
    stage = _Stage(tuned, labels)
    if isinstance(tuned.when, Always):
        yield stage.case("always fires", [Level.GOOD] * _LEAD, told=True)
        return
    bad = [Level.BAD] * _long_enough(tuned)
    lead, tail = [Level.GOOD] * _LEAD, [Level.GOOD] * _TAIL
    edge = [Level.EDGE] * len(bad)
    yield stage.case("fires in time and resolves", lead + bad + tail, told=True)
    yield stage.case("does not fire at the threshold", lead + edge + tail)
    for name, level in variants(tuned.when):
        yield stage.case(f"does not fire when {name}", lead + [level] * len(bad) + tail)
    yield stage.twice("two collectors count once", lead + edge + tail + bad + tail)
    yield stage.renamed("a renamed pod changes nothing", lead + bad + tail)
    if is_counted(tuned.when):
        yield stage.reset("a counter that begins anew is no event", lead + tail + tail)
    yield from _without_data(stage, lead + bad, tail)


def _without_data(
    stage: "_Stage", until_firing: Sequence[Level], tail: Sequence[Level]
) -> Iterator[Case]:
    tuned = stage.tuned
    if isinstance(tuned.when, Absent):
        return
    if isinstance(tuned.when, Overdue):
        yield stage.never_answered("fires for a source that never answered")
    else:
        yield stage.silent("does not fire without any data")
    if isinstance(tuned.when, Age):
        yield stage.forgotten("goes on when the series has gone", [*until_firing, *_gone(stage)])
    if tuned.alert.keep_firing and stage.step <= _LOOKBACK:
        yield stage.source_dies("goes on firing while its source is down", until_firing, tail)
        yield stage.source_dies("does not begin because its source is down", tail, tail)


def _gone(stage: "_Stage") -> list[Level]:
    steps = min(_MOST_GONE, int(KEPT / 2 / stage.step) // STEPS * STEPS)
    return [Level.GONE] * max(steps, STEPS)


def _long_enough(tuned: TunedAlert) -> int:
    """Steps of trouble in which the alert has fired for a while, in whole windows."""
    steps = ceil(tuned.hold / step_seconds(tuned.when)) + 2 * STEPS
    return ceil(steps / STEPS) * STEPS


class _Stage:
    """One alert on one object, to which things happen."""

    def __init__(self, tuned: TunedAlert, labels: Labels) -> None:
        self.tuned = tuned
        self.step = step_seconds(tuned.when)
        self._labels = labels
        self._hold = tuned.hold

    def case(self, name: str, levels: Sequence[Level], *, told: bool = False) -> Case:
        """One collector."""
        series = [*self._told_by("a", levels), *self._surroundings(levels)]
        return self._made(name, series, self._fires(levels), told=told)

    def twice(self, name: str, levels: Sequence[Level]) -> Case:
        """Two collectors tell the same."""
        series = [
            *self._told_by("a", levels),
            *self._told_by("b", levels),
            *self._surroundings(levels),
        ]
        return self._made(name, series, self._fires(levels))

    def renamed(self, name: str, levels: Sequence[Level]) -> Case:
        """The collector's pod is another one soon after the trouble has begun."""
        at = _LEAD + 1
        before = [
            replace(each, values=(*each.values[:at], *[None] * (len(levels) - at)))
            for each in self._told_by("a", levels)
        ]
        after = [
            replace(each, values=(*[None] * at, *each.values[at:]))
            for each in self._told_by("b", levels)
        ]
        series = [*before, *after, *self._surroundings(levels)]
        return self._made(name, series, self._fires(levels))

    def reset(self, name: str, levels: Sequence[Level]) -> Case:
        """The collector lost its state: its counters begin at 0."""
        told = []
        for each in self._told_by("a", levels):
            begin = each.values[_LEAD - 1]
            told.append(replace(each, values=_from_zero(each.values, begin)))
        return self._made(name, [*told, *self._surroundings(levels)], self._fires(levels))

    def silent(self, name: str) -> Case:
        """Nothing is told of the object."""
        levels = [Level.GONE] * (_long_enough(self.tuned) + _LEAD)
        return self._made(name, self._surroundings(levels, up=[1.0] * len(levels)), None)

    def never_answered(self, name: str) -> Case:
        """A source that is down from the start has no last success; two collectors ask it, one
        of which came later.
        """
        assert isinstance(self.tuned.when, Overdue)
        limit = self.tuned.when.percent / 100 * STALE_AFTER
        levels = [Level.FEW] * (ceil(limit / self.step) + _long_enough(self.tuned))
        fires = self._held([i * self.step > limit for i in range(len(levels))])
        later = [Level.GONE, *levels[1:]]
        series = [*self._told_by("a", levels), *_since(self.step, self._told_by("b", later))]
        made = self._made(name, series, fires, told=True)
        return replace(made, value=fires.index(True) * self.step, never=True)

    def forgotten(self, name: str, levels: Sequence[Level]) -> Case:
        """The series goes while the alert fires."""
        active = [level in (Level.BAD, Level.GONE) for level in levels]
        return self._made(name, self._told_by("a", levels), self._held(active))

    def source_dies(self, name: str, before: Sequence[Level], tail: Sequence[Level]) -> Case:
        """The source fails, its series go, and both come back healthy."""
        gone = _gone(self)
        levels = [*before, *gone, *tail]
        fires = [
            *self._fires(before),
            *[self._fires(before)[-1]] * len(gone),
            *[False] * len(tail),
        ]
        up = [1.0] * (len(before) - 1) + [0.0] * (len(gone) + 1) + [1.0] * len(tail)
        series = [*self._told_by("a", levels), *self._surroundings(levels, up=up)]
        return self._made(name, series, fires)

    def _told_by(self, collector: str, levels: Sequence[Level]) -> list[Signal]:
        labels = (*self._labels, ("instance", collector))
        return [
            replace(each, labels=(*labels, *each.labels))
            for each in signals(self.tuned.when, levels, self.step)
        ]

    def _surroundings(
        self, levels: Sequence[Level], up: Sequence[float] | None = None
    ) -> list[Signal]:
        """What else the collector tells, and alerts ask for."""
        if self.tuned.alert.about is About.SLO:
            return self._of_slo(levels)
        source = next((value for label, value in self._labels if label in SOURCE_KINDS), None)
        if source is None:
            return []
        values = tuple(up or [1.0] * len(levels))
        return [Signal(own.SOURCE_UP, (("source", source), ("instance", "a")), values)]

    def _of_slo(self, levels: Sequence[Level]) -> list[Signal]:
        def told(value: float) -> tuple[float | None, ...]:
            return tuple(None if level is Level.GONE else value for level in levels)

        labels, when = (*self._labels, ("instance", "a")), self.tuned.when
        series = [Signal(slo.OBJECTIVE, labels, told(0.5))]
        if isinstance(when, Burn):
            series.append(
                Signal(slo.EXHAUSTION, (*labels, ("window", when.long)), told(EXHAUSTION))
            )
            if when.period:
                series.append(Signal(slo.INFO, (*labels, ("slo_window", when.period)), told(1)))
        return series

    def _fires(self, levels: Sequence[Level]) -> list[bool]:
        return self._held(holds(self.tuned.when, levels))

    def _held(self, active: Sequence[bool]) -> list[bool]:
        """Where the condition has held for as long as the alert asks."""
        fires, since = [], None
        for i, is_active in enumerate(active):
            since = (i if since is None else since) if is_active else None
            fires.append(since is not None and (i - since) * self.step >= self._hold)
        return fires

    def _made(
        self,
        name: str,
        series: Sequence[Signal],
        fires: Sequence[bool] | None,
        *,
        told: bool = False,
    ) -> Case:
        length = max((len(each.values) for each in series), default=_LEAD)
        firing = tuple(fires) if fires is not None else (False,) * length
        return Case(
            name, self.step, tuple(series), self._labels, firing, told, value(self.tuned.when)
        )


def _since(moment: float, series: Sequence[Signal]) -> Iterator[Signal]:
    """The series of a collector that began at this moment."""
    for each in series:
        if each.metric is own.SOURCE_ASKED_SINCE:
            told = tuple(None if one is None else moment for one in each.values)
            yield replace(each, values=told)
        else:
            yield each


def _from_zero(values: Sequence[float | None], begin: float | None) -> tuple[float | None, ...]:
    """The same growth, but from the lead's end on counted from 0."""
    lost = begin or 0.0
    return tuple(
        value if i < _LEAD or value is None else value - lost for i, value in enumerate(values)
    )


_SAMPLES: Final = {
    "account": "ACCOUNT",
    "stream": "STREAM",
    "consumer": "consumer",
    "server": "nats-1:8222",
    "bus": "bus",
    "rule": "rule",
    "queue": "queue",
}


def _object(tuned: TunedAlert, system: System) -> Labels | None:
    """An object that this rule is about; None where there cannot be one."""
    if tuned.alert.about is About.SLO:
        return _slo(tuned, system)
    fixed = dict(tuned.only)
    found = tuple(
        (label, fixed.get(label, _SAMPLES.get(label, "source")))
        for label in tuned.alert.about.labels
    )
    return None if _left_out(found, tuned) else found


def _slo(tuned: TunedAlert, system: System) -> Labels | None:
    period = tuned.when.period if isinstance(tuned.when, Burn) else ""
    for each in system.slos:
        labels = (("slo", each.name), ("slo_service", each.service))
        if period and window(each.window).label != period:
            continue
        if set(tuned.only) <= set(labels) and not _left_out(labels, tuned):
            return labels
    return None


def _left_out(labels: Labels, tuned: TunedAlert) -> bool:
    return any(set(other) <= set(labels) for other in tuned.without)
