"""Conditions on how long ago a moment is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
from obs.alerts.conditions.promql import (
    HOUR,
    OneValue,
    age_at_scrape,
    all_objects_told,
    of_object,
    of_system,
    present,
    scoped,
)
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
from obs.catalogue import own, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import max_by, min_by, number
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
        late = f"time() - ({moment} or {since})\n  > {number(self.threshold)}"
        return f"{late}\n{_unless_gone(rule, since)}" if slo.OBJECT in rule.identity else late

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

    def placeholders(self, rule: RuleScope) -> Mapping[str, Placeholder]:
        """`never`: empty once the moment has been."""
        moment = of_object(rule, self.moment, rule.identity, window=GONE_FOR)
        return {"never": _never(f"last_over_time({moment})", rule.identity)}


@dataclass(frozen=True, slots=True)
class Overdue(Condition):
    """A moment is longer ago than this percentage of a limit; `since` stands for one not yet been.

    Of several that wait for the moment, the one that has waited longest counts. `unless`: not
    while this gauge is 1. A source whose last poll succeeded is up, however close its limit is to
    the interval of its polls.
    """

    moment: Metric
    limit: Metric
    since: Metric
    percent: float
    unless: Metric | None = None

    def metrics(self) -> tuple[Metric, ...]:
        metrics = (self.moment, self.limit, self.since)
        return (*metrics, self.unless) if self.unless else metrics

    def promql(self, rule: RuleScope, held: float) -> str:
        def age(moment: Metric, one_value: OneValue) -> str:
            return scoped(rule, partial(age_at_scrape, rule, moment), one_value=one_value)

        limit = present(rule, self.limit, narrowed=False)
        ages = f"({age(self.moment, min_by)}\n  or {age(self.since, max_by)})"
        overdue = f"{ages}\n  > {number(self.percent / 100)} * {limit}"
        if self.unless is None:
            return overdue
        return f"{overdue}\nunless {present(rule, self.unless, narrowed=False)} == 1"

    def drawn(self, panel: PanelQueries) -> str:
        return f"100 * {panel.age(self.moment)}\n/ {panel.value(self.limit)}"

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
        bad = edge + 1
        ages = {Level.GOOD: 0.0, Level.EDGE: edge, Level.BAD: bad, Level.OVER: bad}
        healthy = (Level.GOOD, Level.OVER)
        up = {**constant(0.0), **dict.fromkeys(healthy, 1.0)}
        return Samples(
            (
                Moment(self.moment, ages),
                Gauge(self.limit, constant(STALE_AFTER)),
                Gauge(self.since, constant(0.0)),
                *((Gauge(self.unless, up),) if self.unless else ()),
            ),
            bad,
            variants=((f"{self.unless.name} is 1", Level.OVER),) if self.unless else (),
            filled={"never": ""},
            without_data=NeverSeen(edge, self.since, {"never": NEVER}),
        )

    def placeholders(self, rule: RuleScope) -> Mapping[str, Placeholder]:
        """`never`: empty once a source has been polled. A query within the annotation."""
        return {"never": _never(of_object(rule, self.moment, own.SOURCE), own.SOURCE)}


def _first(rule: RuleScope, since: Metric) -> str:
    """Since when the one has waited that has waited longest."""
    return scoped(rule, lambda matchers: of_system(rule, since, matchers), one_value=min_by)


def _unless_gone(rule: RuleScope, since: str) -> str:
    """Of single objects: not of one that is gone. The collector tells since when it asks for each
    that is there, and while its source answers also how many there are."""
    there = all_objects_told(rule)
    moment = of_system(rule, slo.WATERMARK, window=GONE_FOR)
    known = max_by(rule.identity, f"last_over_time({moment})")
    return (
        f"unless (\n  {known}\n  and on ({', '.join(slo.SLO)}) {there}"
        f"\n  unless on ({', '.join(rule.identity)}) {since}\n)"
    )


def _never(moment: str, labels: Sequence[str]) -> Placeholder:
    """NEVER where the query of a moment, with the labels filled in, finds none; else nothing."""
    values = " ".join(f"$labels.{label}" for label in labels)
    known = f'(index .Values "{EXTRA}").Labels'
    return Placeholder(
        f"{{{{ with printf `{moment}` {values} | query }}}}{{{{ else }}}}{NEVER}{{{{ end }}}}",
        f"{{{{ if not {known} }}}}{NEVER}{{{{ end }}}}",
    )
