"""Conditions on how long ago a moment is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from obs.alerts.conditions.cloudwatch import ABOUT_THE_COLLECTOR, AlarmForm, NotExpressible
from obs.alerts.conditions.condition import (
    Condition,
    PanelLimit,
    PanelQueries,
    Placeholder,
    RuleCondition,
    TuningField,
)
from obs.alerts.conditions.grafana import EXTRA, GrafanaQuery
from obs.alerts.conditions.promql import HOUR, present, scoped
from obs.alerts.conditions.samples import (
    STALE_AFTER,
    Gauge,
    Level,
    Moment,
    NeverSeen,
    Samples,
    constant,
)
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Unit, Words, threshold_words
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, min_by, number, selector
from obs.spec.system import System

GONE_FOR: Final = 24 * HOUR
"""Seconds for which a moment is remembered although its series has gone."""
NEVER: Final = ", none since the collector started"
"""What a description says of a moment that has not been."""


@dataclass(frozen=True, slots=True)
class Age(Condition):
    """A moment of an SLO is longer ago than the threshold, also when its series has gone since.

    `since` stands for one that has not been yet. Of several that wait for it, the one that has
    waited longest counts.
    """

    moment: Metric
    since: Metric
    threshold: float
    unit: Unit = "seconds"

    def metrics(self) -> tuple[Metric, ...]:
        return (self.moment, self.since)

    def promql(self, rule: RuleScope, held: float) -> str:
        moment, since = present(rule, self.moment, GONE_FOR), _first(rule, self.since)
        return f"time() - ({moment} or {since})\n  > {number(self.threshold)}"

    def drawn(self, panel: PanelQueries) -> str:
        return f"time() - {panel.value(self.moment)}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, self.unit)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        queries = {"A": self.expression(rule), EXTRA: present(rule, self.moment, GONE_FOR)}
        return GrafanaQuery(queries, "is_number($A)")

    def cloudwatch(self) -> AlarmForm:
        return NotExpressible("CloudWatch cannot tell late data from missing data")

    def words(self) -> Words:
        return threshold_words(">", self.threshold, self.unit)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold"}

    def samples(self) -> Samples:
        bad = self.threshold + 1
        ages = {Level.GOOD: 0.0, Level.EDGE: self.threshold, Level.BAD: bad}
        return Samples(
            (Moment(self.moment, ages), Gauge(self.since, constant(0.0))),
            bad,
            filled={"never": ""},
            without_data=NeverSeen(self.threshold, self.since, {"never": NEVER}, lasts=True),
        )

    def most(self) -> float:
        """Beyond it the moment is forgotten."""
        return GONE_FOR

    def of_system(self, system: System) -> Iterable[RuleCondition]:
        """Only of the spec's SLOs: the data of one that the spec no longer has ended long ago."""
        names = sorted({each.name.replace(".", r"\.") for each in system.slos})
        return (RuleCondition(self, among=(("slo", "=~", "|".join(names)),)),)

    def placeholders(self) -> Mapping[str, Placeholder]:
        """`never`: empty once the moment has been."""
        query = f"last_over_time({self.moment.name}{{slo=%q,slo_service=%q}}[{duration(GONE_FOR)}])"
        return {"never": _never(f"printf `{query}` $labels.slo $labels.slo_service")}


@dataclass(frozen=True, slots=True)
class Overdue(Condition):
    """A moment is longer ago than this percentage of a limit; `since` stands for one not yet been.

    Of several that wait for the moment, the one that has waited longest counts.
    """

    moment: Metric
    limit: Metric
    since: Metric
    percent: float

    def metrics(self) -> tuple[Metric, ...]:
        return (self.moment, self.limit, self.since)

    def promql(self, rule: RuleScope, held: float) -> str:
        moment = present(rule, self.moment)
        limit = present(rule, self.limit, narrowed=False)
        age = f"time() - ({moment} or {_first(rule, self.since)})"
        return f"{age}\n  > {number(self.percent / 100)} * {limit}"

    def drawn(self, panel: PanelQueries) -> str:
        age = f"100 * (time() - {panel.value(self.moment)})"
        return f"{age}\n/ {panel.value(self.limit)}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.percent, "percent")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        queries = {"A": self.expression(rule), EXTRA: present(rule, self.moment)}
        return GrafanaQuery(queries, "is_number($A)")

    def cloudwatch(self) -> AlarmForm:
        return ABOUT_THE_COLLECTOR

    def words(self) -> Words:
        threshold = f"{number(self.percent)} % of stale_after"
        return Words("duration", threshold, f"> {threshold}")

    def tunable(self) -> Mapping[TuningField, str]:
        return {}

    def samples(self) -> Samples:
        edge = self.percent / 100 * STALE_AFTER
        ages = {Level.GOOD: 0.0, Level.EDGE: edge, Level.BAD: edge + 1}
        return Samples(
            (
                Moment(self.moment, ages),
                Gauge(self.limit, constant(STALE_AFTER)),
                Gauge(self.since, constant(0.0)),
            ),
            edge + 1,
            filled={"never": ""},
            without_data=NeverSeen(edge, self.since, {"never": NEVER}),
        )

    def placeholders(self) -> Mapping[str, Placeholder]:
        """`never`: empty once a source has been polled. A query within the annotation."""
        return {"never": _never(f"printf `{self.moment.name}{{source=%q}}` $labels.source")}


def _first(rule: RuleScope, since: Metric) -> str:
    """Since when the one has waited that has waited longest."""
    return scoped(rule, lambda matchers: selector(since, matchers), one_value=min_by)


def _never(moment: str) -> Placeholder:
    """NEVER where the query of a moment, as a template has it, finds none; else nothing."""
    known = f'(index .Values "{EXTRA}").Labels'
    return Placeholder(
        f"{{{{ with {moment} | query }}}}{{{{ else }}}}{NEVER}{{{{ end }}}}",
        f"{{{{ if not {known} }}}}{NEVER}{{{{ end }}}}",
    )
