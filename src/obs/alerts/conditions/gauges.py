"""Conditions on the present value of gauges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from obs.alerts.conditions.cloudwatch import (
    AlarmForm,
    GaugeCompared,
    gauge_alarm,
    is_named,
    no_alarm_on,
)
from obs.alerts.conditions.condition import Condition, PanelLimit, PanelQueries, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, lasting, lasting_gauge
from obs.alerts.conditions.promql import present
from obs.alerts.conditions.samples import Gauge, Level, Samples, constant, share
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Unit, Words, threshold_words
from obs.catalogue.metric import Metric
from obs.catalogue.query import number


@dataclass(frozen=True, slots=True)
class _GaugeThreshold(Condition):
    """A gauge is compared with a threshold; the operator says on which side it fires."""

    metric: Metric
    threshold: float
    unit: Unit

    operator: ClassVar[str]

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"{present(rule, self.metric, held)} {self.operator} {number(self.threshold)}"

    def drawn(self, panel: PanelQueries) -> str:
        return panel.value(self.metric)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        comparison = f"$A {self.operator} {number(self.threshold)}"
        return GrafanaQuery({"A": lasting_gauge(rule, self.metric)}, comparison)

    def words(self) -> Words:
        return threshold_words(self.operator, self.threshold, self.unit)

    def _samples(self, good: float, bad: float) -> Samples:
        values = {Level.GOOD: good, Level.EDGE: self.threshold, Level.BAD: bad}
        return Samples((Gauge(self.metric, values),), bad)


@dataclass(frozen=True, slots=True)
class Above(_GaugeThreshold):
    """A gauge is above the threshold."""

    operator: ClassVar[str] = ">"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit)

    def cloudwatch(self) -> AlarmForm:
        return gauge_alarm(self.metric, ">", self.threshold)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold"}

    def samples(self) -> Samples:
        return self._samples(min(self.threshold, 0.0), self.threshold + _beside(self.threshold))


@dataclass(frozen=True, slots=True)
class Below(_GaugeThreshold):
    """A gauge is below the threshold."""

    operator: ClassVar[str] = "<"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit, "below")

    def cloudwatch(self) -> AlarmForm:
        return gauge_alarm(self.metric, "<", self.threshold)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"below": "threshold"}

    def samples(self) -> Samples:
        edge = self.threshold
        return self._samples(edge + abs(edge) + 1, edge - _beside(edge))


@dataclass(frozen=True, slots=True)
class Equals(Condition):
    """A gauge that stands for a state has this value."""

    metric: Metric
    value: float

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"{present(rule, self.metric, held)} == {number(self.value)}"

    def drawn(self, panel: PanelQueries) -> str:
        return panel.value(self.metric)

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.value, "", "at")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return GrafanaQuery({"A": lasting_gauge(rule, self.metric)}, f"$A == {number(self.value)}")

    def cloudwatch(self) -> AlarmForm:
        return gauge_alarm(self.metric, "=", self.value)

    def words(self) -> Words:
        return Words(comparison=f"= {number(self.value)}", is_state=True)

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        other = 0.0 if self.value else 1.0
        beside = self.value - 1 if self.value else 1.0
        values = {Level.GOOD: other, Level.EDGE: beside, Level.BAD: self.value}
        return Samples((Gauge(self.metric, values),), self.value, has_exact_edge=False)


@dataclass(frozen=True, slots=True)
class Share(Condition):
    """A gauge is above this percentage of another, its limit; of those only where `given` is 1."""

    part: Metric
    whole: Metric
    threshold: float
    unit: Unit = "percent"
    given: Metric | None = None

    def metrics(self) -> tuple[Metric, ...]:
        return (self.part, self.whole, *((self.given,) if self.given else ()))

    def most(self) -> float:
        return 100

    def share_of(self) -> Metric:
        return self.whole

    def promql(self, rule: RuleScope, held: float) -> str:
        return self._percent(rule, held, f" > {number(self.threshold)}")

    def drawn(self, panel: PanelQueries) -> str:
        return f"100 * {panel.value(self.part)}\n/ {panel.value(self.whole)}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        percent = lasting(rule, lambda held: self._percent(rule, held))
        return GrafanaQuery({"A": percent}, f"$A > {number(self.threshold)}")

    def cloudwatch(self) -> AlarmForm:
        if self.part.aws is not None and not (is_named(self.part) and is_named(self.whole)):
            return no_alarm_on(self.part)
        return GaugeCompared(self.part, ">", self.threshold, self.whole, self.given)

    def words(self) -> Words:
        return threshold_words(">", self.threshold, self.unit)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold"}

    def samples(self) -> Samples:
        edge, whole = share(self.threshold)
        parts = {Level.GOOD: edge / 2, Level.EDGE: edge, Level.BAD: edge + 1, Level.FEW: edge + 1}
        both = (Gauge(self.part, parts), Gauge(self.whole, constant(whole)))
        value = 100 * (edge + 1) / whole
        if self.given is None:
            return Samples(both, value)
        given = Gauge(self.given, {**constant(1.0), Level.FEW: 0.0})
        return Samples((*both, given), value, variants=((f"{self.given.name} is 0", Level.FEW),))

    def _percent(self, rule: RuleScope, held: float, compared: str = "") -> str:
        """The gauge in percent of its limit, now or the last of `held` seconds, and `compared`."""
        limit = present(rule, self.whole, held, narrowed=False)
        percent = f"100 * {present(rule, self.part, held)}\n  / {limit}{compared}"
        if self.given is None:
            return percent
        return f"{percent}\nand {present(rule, self.given, held, narrowed=False)} == 1"


def _beside(edge: float) -> float:
    """A little, so that the value is clearly beyond the threshold."""
    return max(abs(edge) / 100, 0.5)
