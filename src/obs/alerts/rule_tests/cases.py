"""What every alert is tested for, as series over time and when the alert is to fire."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from obs.alerts.alert import KEPT, About, TunedAlert
from obs.alerts.conditions.samples import (
    STEPS,
    Level,
    NeverSeen,
    Samples,
    Signal,
    WithoutData,
    while_bad_or_gone,
)
from obs.alerts.conditions.scope import Labels
from obs.alerts.quantities.where import OTHER
from obs.alerts.rule_tests.objects import object_of
from obs.catalogue import own, slo
from obs.catalogue.metric import Kind, Metric
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System

_LEAD: Final = 2 * STEPS  # steps of healthy life before anything happens
_TAIL: Final = 3 * STEPS
_IDLE: Final = 6
_MOST_GONE: Final = 3 * STEPS
_LOOKBACK: Final = 300  # seconds; an alert sampled no more often does not see that it was firing


@dataclass(frozen=True, slots=True)
class Case:
    """One test of one alert: samples a step apart, and at which steps the alert fires.

    None where nothing is said. `labels` are of the object. `annotated`: the annotations are tested
    where it first fires, with this `value` and the condition's placeholders `filled`.
    """

    name: str
    step: float
    series: tuple[Signal, ...]
    labels: Labels
    firing: tuple[bool | None, ...]
    annotated: bool
    value: float
    filled: Mapping[str, str]


def cases(tuned: TunedAlert, system: System) -> Iterator[Case]:
    """Every case of an alert; none where no object is left for the general rule."""
    labels = object_of(tuned, system)
    if labels is None:
        return
    alert = _CaseBuilder(tuned, labels)
    samples = alert.samples
    if samples.without_data is WithoutData.IRRELEVANT:
        yield alert.one_collector(
            "always fires", [Level.GOOD] * alert.steps_to_fire, annotated=True
        )
        return
    bad = [Level.BAD] * alert.steps_to_fire
    lead, tail = [Level.GOOD] * _LEAD, [Level.GOOD] * _TAIL
    edge = [Level.EDGE] * len(bad)
    yield alert.one_collector("fires in time and resolves", lead + bad + tail, annotated=True)
    yield alert.one_collector("does not fire at the threshold", lead + edge + tail)
    for name, level in samples.variants:
        # A window of the tail would have what was before in it, and nothing to excuse it.
        levels = lead + [level] * len(bad) + ([] if samples.settles else tail)
        yield alert.one_collector(f"does not fire when {name}", levels)
    if alert.reads_others:
        yield from _of_others(alert, lead + bad, tail)
        return
    if tuned.alert.about is not About.TARGET:  # any other object is no single collector
        yield alert.two_collectors("two collectors count once", lead + edge + tail + bad + tail)
        yield alert.renamed_pod("a renamed pod changes nothing", lead + bad + tail)
    if samples.is_counted:
        yield alert.counter_reset("a counter that begins anew is no event", lead + tail + tail)
        yield alert.counter_reset("a counter that began anew still counts", lead + bad + tail)
        yield alert.replaced_pod("counts while the collector is replaced", lead + bad + tail)
        yield alert.frozen("does not begin while its source is down and the last values stay")
    if samples.recall_step:
        yield alert.idle("lasts until good events, not while nothing happens")
    yield from _without_data(alert, lead + bad, tail)


def _of_others(
    alert: "_CaseBuilder", until_firing: Sequence[Level], tail: Sequence[Level]
) -> Iterator[Case]:
    """What is tested of an alert that reads another exporter's series."""
    yield alert.no_data("does not fire without any data")
    if alert.tuned.keep_firing and alert.samples.settles < alert.tuned.keep_firing / 2:
        yield alert.vanished("goes on firing while its series are missing", until_firing, tail)
    if alert.tuned.selecting:
        yield alert.of_another_system("does not fire for another system", until_firing)


def _without_data(
    alert: "_CaseBuilder", until_firing: Sequence[Level], tail: Sequence[Level]
) -> Iterator[Case]:
    without_data = alert.samples.without_data
    if without_data is WithoutData.HOLDS:
        return
    if isinstance(without_data, NeverSeen):
        yield alert.never_seen(f"fires for the {alert.kind} that never had data", without_data)
        if without_data.lasts:
            levels = [*until_firing, *alert.gone]
            yield alert.series_gone("goes on when the series has gone", levels)
    else:
        yield alert.no_data("does not fire without any data")
    if alert.tuned.keep_firing and alert.samples.step < _LOOKBACK:
        yield alert.source_down("goes on firing while its source is down", until_firing, tail)
        yield alert.source_down("does not begin because its source is down", tail, tail)


class _CaseBuilder:
    """Builds the cases of one alert on one object."""

    def __init__(self, tuned: TunedAlert, labels: Labels) -> None:
        self.tuned = tuned
        self.samples: Samples = tuned.when.samples()
        self._step = self.samples.step
        self._labels = labels

    @property
    def steps_to_fire(self) -> int:
        """Steps of trouble in which the alert has fired for a while, in whole windows."""
        steps = ceil((self.tuned.hold + self.samples.settles) / self._step) + 2 * STEPS
        return ceil(steps / STEPS) * STEPS

    @property
    def reads_others(self) -> bool:
        """Whether it reads the series of another exporter."""
        return any(metric.foreign for metric in self.tuned.when.metrics())

    @property
    def kind(self) -> str:
        """What the alert is about."""
        return str(self.tuned.alert.about)

    @property
    def gone(self) -> list[Level]:
        """Steps without a sample, in whole windows; fewer than a firing alert lasts."""
        steps = min(_MOST_GONE, int(KEPT / 2 / self._step) // STEPS * STEPS)
        return [Level.GONE] * max(steps, STEPS)

    def one_collector(self, name: str, levels: Sequence[Level], *, annotated: bool = False) -> Case:
        """One collector exports the series."""
        series = [*self._exported_by("a", levels), *self._companions(levels)]
        return self._case(name, series, self._firing(levels), annotated=annotated)

    def two_collectors(self, name: str, levels: Sequence[Level]) -> Case:
        """Two collectors export the same; one began later, so its counters are lower."""
        second = self._exported_by("b", levels)
        if self.samples.is_counted:
            second = [_begun_at(0, each) for each in second]
        series = [*self._exported_by("a", levels), *second, *self._companions(levels)]
        return self._case(name, series, self._firing(levels))

    def renamed_pod(self, name: str, levels: Sequence[Level]) -> Case:
        """The collector's pod is another one soon after the trouble has begun."""
        series = self._handed_over(levels, _LEAD + 1, _LEAD + 1)
        return self._case(name, series, self._firing(levels))

    def replaced_pod(self, name: str, levels: Sequence[Level]) -> Case:
        """There is no collector when the trouble begins; the first sample of the next has it."""
        end, begin = _LEAD - 1, _LEAD + 1
        holds = self.samples.holds(levels)
        seen = [is_bad and not end <= i < begin for i, is_bad in enumerate(holds)]
        return self._case(name, self._handed_over(levels, end, begin), self._held(seen))

    def _handed_over(self, levels: Sequence[Level], end: int, begin: int) -> list[Signal]:
        """The series of a collector until one step, and of another from a later step on."""
        before = [
            replace(each, values=(*each.values[:end], *[None] * (len(levels) - end)))
            for each in self._exported_by("a", levels)
        ]
        after = [
            replace(each, values=(*[None] * begin, *each.values[begin:]))
            for each in self._exported_by("b", levels)
        ]
        return [*before, *after, *self._companions(levels)]

    def counter_reset(self, name: str, levels: Sequence[Level]) -> Case:
        """The collector lost its state: its counters begin at 0."""
        reset = [_begun_at(_LEAD, each) for each in self._exported_by("a", levels)]
        return self._case(name, [*reset, *self._companions(levels)], self._firing(levels))

    def frozen(self, name: str) -> Case:
        """The source fails, and its last values stay until they are withdrawn."""
        down = 3 * STEPS
        levels = [Level.GOOD] * _LEAD + [Level.IDLE] * down + [Level.GOOD] * _TAIL
        up = [1.0] * _LEAD + [0.0] * down + [1.0] * _TAIL
        series = [*self._exported_by("a", levels), *self._companions(levels, up=up)]
        return self._case(name, series, [False] * len(levels))

    def idle(self, name: str) -> Case:
        """What is bad happens now and then only; what is good ends it, though nothing follows.

        Each lasts until the alert has looked back to it.
        """
        steps = ceil(self.samples.recall_step / self._step) + 1
        idle = [Level.IDLE] * max(steps, _IDLE)
        levels = [Level.GOOD] * _LEAD
        levels += ([Level.BAD] * steps + idle) * 2 + [Level.OVER] * steps + idle
        return self.one_collector(name, levels + [Level.GOOD] * _TAIL)

    def no_data(self, name: str) -> Case:
        """There is no series of the object, though its source is up."""
        levels = [Level.GONE] * (self.steps_to_fire + _LEAD)
        return self._case(name, self._companions(levels, up=[1.0] * len(levels)), None)

    def never_seen(self, name: str, never: NeverSeen) -> Case:
        """The moment has never been; two collectors wait for it, one of which started later."""
        levels = [Level.FEW] * (ceil(never.after / self._step) + self.steps_to_fire)
        firing = self._held([i * self._step > never.after for i in range(len(levels))])
        later = self._exported_by("b", [Level.GONE, *levels[1:]])
        series = [*self._exported_by("a", levels), *_began_at(self._step, later, never.since)]
        case = self._case(name, series, firing, annotated=True)
        return replace(case, value=firing.index(True) * self._step, filled=never.filled)

    def vanished(self, name: str, before: Sequence[Level], tail: Sequence[Level]) -> Case:
        """The object's series are missing for a while, and come back healthy."""
        gone = [Level.GONE] * int(min(_MOST_GONE, self.tuned.keep_firing / 2 / self._step))
        levels = [*before, *gone, *tail]
        firing = [*self._firing(before), *[True] * len(gone), *self._firing([*before, *tail])]
        return self._case(
            name,
            self._exported_by("a", levels),
            [*firing[: len(before) + len(gone)], *firing[-len(tail) :]],
        )

    def of_another_system(self, name: str, levels: Sequence[Level]) -> Case:
        """Series that the spec does not choose."""
        others = tuple((label, "of-another-system") for label, _, _ in self.tuned.selecting)
        series = [
            replace(each, labels=tuple({**dict(each.labels), **dict(others)}.items()))
            for each in self._exported_by("a", levels)
        ]
        return self._case(name, series, [False] * len(levels))

    def series_gone(self, name: str, levels: Sequence[Level]) -> Case:
        """The series goes while the alert fires."""
        return self._case(
            name, self._exported_by("a", levels), self._held(while_bad_or_gone(levels))
        )

    def source_down(self, name: str, before: Sequence[Level], tail: Sequence[Level]) -> Case:
        """The source fails, its series go, and both come back healthy."""
        gone = self.gone
        levels = [*before, *gone, *tail]
        firing = [
            *self._firing(before),
            *[self._firing(before)[-1]] * len(gone),
            *[False] * len(tail),
        ]
        up = [1.0] * (len(before) - 1) + [0.0] * (len(gone) + 1) + [1.0] * len(tail)
        series = [*self._exported_by("a", levels), *self._companions(levels, up=up)]
        return self._case(name, series, firing)

    def _exported_by(self, collector: str, levels: Sequence[Level]) -> list[Signal]:
        labels = tuple({"instance": collector, **dict(self._labels)}.items())
        return [
            replace(each, labels=(*labels, *self._beside_own(each.labels)))
            for each in self.samples.signals(levels)
        ]

    def _beside_own(self, labels: Labels) -> Labels:
        """Those that do not say that any value will do of what the object has a value of."""
        own = dict(self._labels)
        return tuple(
            (label, value) for label, value in labels if value != OTHER or label not in own
        )

    def _companions(
        self, levels: Sequence[Level], up: Sequence[float] | None = None
    ) -> list[Signal]:
        """What else the rule reads: whether the source is up, or the SLO exists; and more series
        of the condition.
        """
        labels = (*self._labels, ("instance", "a"))
        signals = (each.signal(levels, self._step) for each in self.samples.companions)
        more = [
            replace(each, labels=tuple({**dict(labels), **dict(each.labels)}.items()))
            for each in signals
        ]
        if self.tuned.alert.about is About.SLO:
            there = tuple(None if level is Level.GONE else 0.5 for level in levels)
            return [Signal(slo.OBJECTIVE, labels, there), *self._split(there), *more]
        source = next((value for label, value in self._labels if label in SOURCE_KINDS), None)
        if source is None:
            return more
        values = tuple(up or [1.0] * len(levels))
        return [Signal(own.SOURCE_UP, (("source", source), ("instance", "a")), values)]

    def _split(self, there: tuple[float | None, ...]) -> list[Signal]:
        """How many objects an SLO over many objects has."""
        if slo.OBJECT not in self.tuned.apart:
            return []
        labels = tuple(pair for pair in self._labels if pair[0] in slo.SLO)
        return [Signal(slo.OBJECTS, (*labels, ("instance", "a")), there)]

    def _firing(self, levels: Sequence[Level]) -> list[bool | None]:
        holds = self.samples.holds(levels)
        steps = ceil(self.samples.settles / self._step)
        if not steps:
            return [*self._held(holds)]
        # A window still holds what was before: it holds for certain only once that has left.
        least = [all(holds[max(0, i - steps) : i + 1]) for i in range(len(holds))]
        most = [any(holds[max(0, i - steps) : i + 1]) for i in range(len(holds))]
        pairs = zip(self._held(least), self._held(most), strict=True)
        return [sure if sure == possible else None for sure, possible in pairs]

    def _held(self, active: Sequence[bool]) -> list[bool]:
        """Where the condition has held for as long as the alert's `for`."""
        firing: list[bool] = []
        since = None
        for i, is_active in enumerate(active):
            since = (i if since is None else since) if is_active else None
            firing.append(since is not None and (i - since) * self._step >= self.tuned.hold)
        return firing

    def _case(
        self,
        name: str,
        series: Sequence[Signal],
        firing: Sequence[bool | None] | None,
        *,
        annotated: bool = False,
    ) -> Case:
        length = max((len(each.values) for each in series), default=_LEAD)
        return Case(
            name,
            self._step,
            tuple(series),
            self._labels,
            tuple(firing) if firing is not None else (False,) * length,
            annotated,
            self.samples.value,
            self.samples.filled,
        )


def _began_at(moment: float, series: Sequence[Signal], since: Metric) -> Iterator[Signal]:
    """The series of a collector that began at this moment, which its metric `since` says."""
    for each in series:
        if each.metric is since:
            values = tuple(None if one is None else moment for one in each.values)
            yield replace(each, values=values)
        else:
            yield each


def _begun_at(begin: int, signal: Signal) -> Signal:
    """A counter that counts from 0 from a step on; any other metric as it is."""
    if signal.metric.kind is not Kind.COUNTER:
        return signal
    return replace(signal, values=_from_zero(signal.values, begin))


def _from_zero(values: Sequence[float | None], begin: int) -> tuple[float | None, ...]:
    """The same growth, but counted from 0 from this step on; at the first one from the value."""
    lost = values[max(begin - 1, 0)] or 0.0
    return tuple(
        value if i < begin or value is None else value - lost for i, value in enumerate(values)
    )
