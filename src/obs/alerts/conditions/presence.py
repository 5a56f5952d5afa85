"""Conditions without a quantity: a metric is absent, a collector does not answer, or nothing has
to happen at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from obs.alerts.conditions.cloudwatch import ABOUT_THE_COLLECTOR, AlarmForm, Heartbeat
from obs.alerts.conditions.condition import Condition, PanelQueries, RuleCondition, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, whether
from obs.alerts.conditions.promql import already_firing, of_system
from obs.alerts.conditions.samples import (
    Gauge,
    Level,
    Samples,
    WithoutData,
    always,
    constant,
    while_bad_or_gone,
)
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue import own
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, max_by, selector
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
    them is silent, and another collector's series hide that any are missing. `others` are the
    sources that have a rule of their own.
    """

    others: tuple[str, ...] = ()

    def cloudwatch(self) -> AlarmForm:
        return ABOUT_THE_COLLECTOR

    def of_system(self, system: System) -> Iterator[RuleCondition]:
        """A rule for each source."""
        names = [name for _, name, _ in system.sources.every()]
        for name in names:
            others = tuple(other for other in names if other != name)
            yield RuleCondition(replace(self, others=others), only=(("source", name),))

    def samples(self) -> Samples:
        there = constant(1.0) | {Level.GONE: 1.0}
        others = (Gauge(self.metric, there, (("source", name),)) for name in self.others)
        return replace(Absent(self.metric).samples(), companions=tuple(others))


@dataclass(frozen=True, slots=True)
class MissingOf(Condition):
    """Of so many as `total` says, some are not there: each has a series of `metric` with a value of
    the label of its own."""

    total: Metric
    metric: Metric
    label: str

    def metrics(self) -> tuple[Metric, ...]:
        return (self.total, self.metric)

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"{self._missing(rule)} > 0"

    def _missing(self, rule: RuleScope) -> str:
        there = f"count by ({self.label}) ({of_system(rule, self.metric)})"
        return f"max({of_system(rule, self.total)}) - count({there})"

    def drawn(self, panel: PanelQueries) -> None:
        """What is not there cannot be drawn."""
        return

    def panel_limit(self) -> None:
        """It has no threshold."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return GrafanaQuery({"A": self._missing(rule)}, "$A > 0")

    def cloudwatch(self) -> AlarmForm:
        return ABOUT_THE_COLLECTOR

    def words(self) -> Words:
        return Words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        first, second = ((self.label, each) for each in ("1", "2"))
        of = (("shards", "2"),)
        there = dict.fromkeys((Level.GOOD, Level.EDGE), 1.0)
        return Samples(
            (
                Gauge(self.total, dict.fromkeys((Level.GOOD, Level.EDGE, Level.BAD), 2.0)),
                Gauge(self.metric, there | {Level.BAD: 1.0}, (first, *of)),
                Gauge(self.metric, there, (second, *of)),
            ),
            1.0,
            has_exact_edge=False,
        )


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
        return f"{self._down(rule)}\nand ({self._known(rule)}\n  or {already_firing(rule)})"

    def _down(self, rule: RuleScope) -> str:
        """Of whatever system: they are Prometheus' own series, scraped or not."""
        return max_by(rule.identity, f"{selector(own.UP)} == 0")

    def _known(self, rule: RuleScope) -> str:
        known = of_system(rule, self.metric, window=_DAY)
        return max_by(rule.identity, f"last_over_time({known})")

    def drawn(self, panel: PanelQueries) -> None:
        """That there is no answer is no quantity."""
        return

    def panel_limit(self) -> None:
        """It has no threshold."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        """Without the alert itself, of which Grafana keeps no series: it lasts for a day."""
        return whether(f"{self._down(rule)}\nand {self._known(rule)}")

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
