"""Conditions without a quantity: a metric is absent, a collector does not answer, or nothing has
to happen at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from obs.alerts.conditions.cloudwatch import ABOUT_THE_COLLECTOR, AlarmForm, Heartbeat
from obs.alerts.conditions.condition import Condition, PanelQueries, RuleCondition, TuningField
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
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue import own
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, max_by, selector
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Absent(Condition):
    """A metric that must always be there is not."""

    metric: Metric

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"absent({of_system(rule, self.metric, equal(rule.only))})"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

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
class AbsentForSource(Absent):
    """A metric that must be there for each source of the spec is not: a rule for each of them.

    Collectors share the sources, and one that dies takes its series along: what is compared with
    them is silent, and another collector's series hide that any are missing.
    """

    def cloudwatch(self) -> AlarmForm:
        return ABOUT_THE_COLLECTOR

    def of_system(self, system: System) -> Iterator[RuleCondition]:
        """A rule for each source."""
        for kind in SOURCE_KINDS:
            for name in system.sources.of(kind):
                yield RuleCondition(self, only=(("source", name),))


@dataclass(frozen=True, slots=True)
class Unscraped(Condition):
    """A target of Prometheus that was one of the system's collectors does not answer.

    Where another collector exports the same, nothing else tells. A target that Prometheus no
    longer has was taken down on purpose. Once it fires it goes on, however long ago the last
    answer is.
    """

    metric: Metric

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        down = max_by(rule.identity, f"{selector(own.UP)} == 0")  # Prometheus' own, of no system
        known = f"last_over_time({of_system(rule, self.metric, window=_DAY)})"
        firing = of_system(rule, "ALERTS", equal(_firing(rule)))
        ours = f"{max_by(rule.identity, known)} or {max_by(rule.identity, firing)}"
        return f"{down}\nand ({ours})"

    def drawn(self, panel: PanelQueries) -> None:
        """That there is no answer is no quantity."""
        return

    def panel_limit(self) -> None:
        """It has no threshold."""
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
        answers = dict.fromkeys((Level.GOOD, Level.EDGE), 1.0)
        up = Gauge(own.UP, {**answers, Level.BAD: 0.0})
        return Samples((up, Gauge(self.metric, answers)), 0.0, has_exact_edge=False)


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


def _firing(rule: RuleScope) -> Labels:
    return (("alertname", rule.name), ("alertstate", "firing"), *rule.labels)
