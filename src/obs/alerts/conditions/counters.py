"""Conditions on how much counters grew in a window."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.cloudwatch import AlarmForm, WindowSum, no_alarm_on
from obs.alerts.conditions.condition import Condition, PanelLimit, PanelQueries, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, only_while_up
from obs.alerts.conditions.promql import grown, of_system, recall_step, while_source_up
from obs.alerts.conditions.samples import (
    STEPS,
    Counter,
    Level,
    Samples,
    share,
    while_in_window,
    while_not_in_window,
)
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.words import Unit, Words, threshold_words
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, equal, max_by, number, over_time


@dataclass(frozen=True, slots=True)
class Increase(Condition):
    """A counter grew by more than the threshold in the window."""

    metric: Metric
    threshold: float
    window: float
    unit: Unit = "events"
    where: Labels = ()

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        counted = grown(
            rule,
            self.metric,
            self.window,
            self.where,
            function="max_over_time",
            held=held,
            threshold=self.threshold,
        )
        return f"{counted} > {number(self.threshold)}"

    def drawn(self, panel: PanelQueries) -> str:
        by = [label for label in self.metric.labels if label not in dict(self.where)]
        return panel.grown(self.metric, self.window, *equal(self.where), by=by)

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        counted = only_while_up(rule, grown(rule, self.metric, self.window, self.where))
        return GrafanaQuery({"A": counted}, f"$A > {number(self.threshold)}", keeps_state=True)

    def cloudwatch(self) -> AlarmForm:
        return WindowSum(self.metric, self.window, ">", self.threshold, where=self.where)

    def words(self) -> Words:
        return threshold_words(">", self.threshold, self.unit, self.window)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold", "window": "window"}

    def samples(self) -> Samples:
        edge = float(math.floor(self.threshold))
        bad = edge + 1
        return Samples(
            (Counter(self.metric, {Level.EDGE: edge, Level.BAD: bad}, self.where),),
            bad,
            _step(self.window),
            while_in_window,
            has_exact_edge=edge == self.threshold,
            is_counted=True,
        )


@dataclass(frozen=True, slots=True)
class Quiet(Condition):
    """A counter grew by less than the threshold in the window, while its source answered."""

    metric: Metric
    threshold: float
    window: float
    unit: Unit = "events"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    def promql(self, rule: RuleScope, held: float) -> str:
        counted = grown(rule, self.metric, self.window, function="min_over_time", held=held)
        below = f"{counted} < {number(self.threshold)}"
        return below if held else f"{below}\n{self._if_known(rule)}"

    def drawn(self, panel: PanelQueries) -> str:
        return panel.grown(self.metric, self.window)

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit, "below")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        counted = f"{grown(rule, self.metric, self.window)}\n{self._if_known(rule)}"
        return GrafanaQuery({"A": counted}, f"$A < {number(self.threshold)}", keeps_state=True)

    def cloudwatch(self) -> AlarmForm:
        if self.metric.aws is None:
            return no_alarm_on(self.metric)
        return WindowSum(self.metric, self.window, "<", self.threshold)

    def words(self) -> Words:
        return threshold_words("<", self.threshold, self.unit, self.window)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"below": "threshold", "window": "window"}

    def samples(self) -> Samples:
        edge = float(math.ceil(self.threshold))
        return Samples(
            (Counter(self.metric, {Level.GOOD: edge * 10, Level.EDGE: edge}),),
            0.0,
            _step(self.window),
            while_not_in_window,
            has_exact_edge=edge == self.threshold,
            is_counted=True,
        )

    def _if_known(self, rule: RuleScope) -> str:
        """Only what was known a window ago already, and while the source is up."""
        before = f"{of_system(rule, self.metric, (), self.window)} offset {duration(self.window)}"
        known = max_by(rule.identity, f"last_over_time({before})")
        return f"and {known}\n{while_source_up(rule)}"


@dataclass(frozen=True, slots=True)
class ErrorRate(Condition):
    """In the window more than this percentage of `total` was `bad`; judged from `minimum` on."""

    bad: Metric
    total: Metric
    threshold: float
    window: float
    minimum: float
    unit: Unit = "percent"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.bad, self.total)

    def promql(self, rule: RuleScope, held: float) -> str:
        bad = grown(rule, self.bad, self.window, held=held)
        total = grown(rule, self.total, self.window, held=held)
        percent = f"100 * {bad}\n/ ({total} >= {number(self.minimum)})"
        if held:
            percent = over_time("max_over_time", percent, held, recall_step(self.window))
        return f"{percent} > {number(self.threshold)}"

    def drawn(self, panel: PanelQueries) -> str:
        judged = f"({panel.grown(self.total, self.window)} >= {number(self.minimum)})"
        return f"100 * {panel.grown(self.bad, self.window)}\n/ {judged}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        bad = grown(rule, self.bad, self.window)
        total = grown(rule, self.total, self.window)
        percent = f"100 * {bad}\n  / clamp_min({total}, 1)"
        return GrafanaQuery(
            {"A": only_while_up(rule, percent), "B": only_while_up(rule, total)},
            f"$A > {number(self.threshold)} && $B >= {number(self.minimum)}",
            keeps_state=True,
        )

    def most(self) -> float:
        return 100

    def cloudwatch(self) -> AlarmForm:
        return WindowSum(self.bad, self.window, ">", self.threshold, self.total, self.minimum)

    def words(self) -> Words:
        return threshold_words(">", self.threshold, self.unit, self.window)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold", "window": "window", "min_events": "minimum"}

    def samples(self) -> Samples:
        edge, whole = share(self.threshold, at_least=self.minimum)
        few = self.minimum - 1
        bad = {Level.EDGE: edge, Level.BAD: edge + 1, Level.FEW: few}
        total = {Level.GOOD: whole, Level.EDGE: whole, Level.BAD: whole, Level.FEW: few}
        return Samples(
            (Counter(self.bad, bad), Counter(self.total, total)),
            100 * (edge + 1) / whole,
            _step(self.window),
            while_in_window,
            is_counted=True,
            variants=(("all of too few events are bad", Level.FEW),),
        )


def _step(window: float) -> float:
    """Seconds between samples."""
    return window / STEPS
