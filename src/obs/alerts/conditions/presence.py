"""Conditions without a quantity: a metric is absent, or nothing has to happen at all."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.cloudwatch import ABOUT_THE_COLLECTOR, AlarmForm, Heartbeat
from obs.alerts.conditions.condition import Condition, PanelQueries, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, whether
from obs.alerts.conditions.promql import of_system
from obs.alerts.conditions.samples import (
    Gauge,
    Level,
    Samples,
    WithoutData,
    always,
    while_bad_or_gone,
)
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue.metric import Metric


@dataclass(frozen=True, slots=True)
class Absent(Condition):
    """A metric that must always be there is not."""

    metric: Metric

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"absent({of_system(rule, self.metric)})"

    def drawn(self, panel: PanelQueries) -> None:
        """Absence is no quantity."""
        return

    def panel_limit(self) -> None:
        """Absence has no threshold."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return whether(self.expression(rule))

    def cloudwatch(self) -> AlarmForm:
        return Heartbeat()

    def words(self) -> Words:
        return Words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        there = dict.fromkeys((Level.GOOD, Level.EDGE), 1.0)
        return Samples(
            (Gauge(self.metric, there),),
            0.0,
            holds=while_bad_or_gone,
            has_exact_edge=False,
            without_data=WithoutData.HOLDS,
        )


@dataclass(frozen=True, slots=True)
class Always(Condition):
    """Always fires, to prove that notifications arrive."""

    def metrics(self) -> tuple[Metric, ...]:
        return ()

    def promql(self, rule: RuleScope, held: float) -> str:
        return "vector(1)"

    def drawn(self, panel: PanelQueries) -> None:
        """Nothing is compared."""
        return

    def panel_limit(self) -> None:
        """There is no threshold."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return whether(self.expression(rule))

    def cloudwatch(self) -> AlarmForm:
        return ABOUT_THE_COLLECTOR

    def words(self) -> Words:
        return Words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        return Samples(
            (), 0.0, holds=always, has_exact_edge=False, without_data=WithoutData.IRRELEVANT
        )
