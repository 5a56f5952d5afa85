"""The condition on a threshold that the object itself has, not the spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from obs.alerts.conditions.cloudwatch import AlarmForm, no_alarm_on
from obs.alerts.conditions.condition import (
    Condition,
    PanelQueries,
    Placeholder,
    TuningField,
)
from obs.alerts.conditions.grafana import EXTRA, GrafanaQuery, lasting, lasting_gauge
from obs.alerts.conditions.promql import of_object, present
from obs.alerts.conditions.samples import Gauge, Level, Samples, constant
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal

_VALUE: Final = 7.0  # in tests
_LIMIT: Final = 5.0


@dataclass(frozen=True, slots=True)
class BeyondOwnThreshold(Condition):
    """A gauge says that its object is beyond a threshold of its own; `where` narrows its series.

    The alert shows the `value` that was compared with the `limit`.
    """

    beyond: Metric
    value: Metric
    limit: Metric
    where: Labels = ()

    def metrics(self) -> tuple[Metric, ...]:
        return (self.beyond, self.value)

    def promql(self, rule: RuleScope, held: float) -> str:
        return (
            f"{present(rule, self.value, held, self.where)}\n"
            f"and {present(rule, self.beyond, held, self.where)} == 1"
        )

    def drawn(self, panel: PanelQueries) -> str:
        return panel.value(self.beyond, *equal(self.where))

    def panel_limit(self) -> None:
        """Each object has another."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        queries = {
            "A": lasting(rule, lambda held: self.promql(rule, held)),
            EXTRA: lasting_gauge(rule, self.limit, self.where),
        }
        return GrafanaQuery(queries, "is_number($A)")

    def cloudwatch(self) -> AlarmForm:
        return no_alarm_on(self.beyond)

    def words(self) -> Words:
        return Words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        beyond = {Level.GOOD: 0.0, Level.EDGE: 0.0, Level.BAD: 1.0}
        return Samples(
            (
                Gauge(self.beyond, beyond, self.where),
                Gauge(self.value, constant(_VALUE), self.where),
                Gauge(self.limit, constant(_LIMIT), self.where),
            ),
            _VALUE,
            has_exact_edge=False,
            filled={"limit": "5"},
        )

    def placeholders(self, rule: RuleScope) -> Mapping[str, Placeholder]:
        """`limit`: the threshold of the object that fires, by a query within the annotation."""
        query = of_object(rule, self.limit, rule.identity, equal(self.where))
        values = " ".join(f"$labels.{label}" for label in rule.identity)
        known = f'(index .Values "{EXTRA}")'
        return {
            "limit": Placeholder(
                f"{{{{ with printf `{query}` {values} | query }}}}"
                '{{ . | first | value | printf "%.0f" }}{{ else }}unknown{{ end }}',
                f'{{{{ if {known}.Labels }}}}{{{{ {known}.Value | printf "%.0f" }}}}'
                "{{ else }}unknown{{ end }}",
            )
        }
