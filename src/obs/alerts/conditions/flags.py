"""Conditions on series that are there only while something holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.alerts.conditions.cloudwatch import AlarmForm, gauge_alarm
from obs.alerts.conditions.condition import Condition, PanelQueries, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, lasting
from obs.alerts.conditions.promql import MINUTE, present
from obs.alerts.conditions.samples import Gauge, Level, Samples, constant
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, over_time


@dataclass(frozen=True, slots=True)
class Holds(Condition):
    """A flag of an object is 1; its series is absent while it does not hold.

    `beside` is a gauge that every such object has: where it is there and the flag is not, the flag
    does not hold; where both are gone, what was known last stands.
    """

    flag: Metric
    where: Labels
    beside: Metric

    def metrics(self) -> tuple[Metric, ...]:
        return (self.flag, self.beside)

    def promql(self, rule: RuleScope, held: float) -> str:
        flag = f"{present(rule, self.flag, held, self.where)} == 1"
        # What was held is what the alert fired on: no moment before the silence is looked up.
        return f"{flag}\nunless {present(rule, self.beside)}" if held else flag

    def drawn(self, panel: PanelQueries) -> str:
        return panel.value(self.flag, *equal(self.where))

    def panel_limit(self) -> None:
        """Its panel shows other flags too."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        return GrafanaQuery({"A": lasting(rule, lambda held: self._known(rule, held))}, "$A == 1")

    def cloudwatch(self) -> AlarmForm:
        return gauge_alarm(self.flag, "=", 1, self.where)

    def words(self) -> Words:
        return Words(comparison="= 1", is_state=True)

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        flag = Gauge(self.flag, {Level.BAD: 1.0}, self.where)
        return Samples((flag, Gauge(self.beside, constant(1.0))), 1.0, has_exact_edge=False)

    def _known(self, rule: RuleScope, held: float) -> str:
        """1 where the flag holds, else 0; now, or the last of `held` seconds."""
        either = (
            f"{present(rule, self.flag, where=self.where)}\nor 0 * {present(rule, self.beside)}"
        )
        return over_time("last_over_time", either, held, MINUTE) if held else f"({either})"
