"""A condition on any quantity, of obs' own series or of another exporter's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from obs.alerts.conditions.beyond_alarm import alarm_on
from obs.alerts.conditions.cloudwatch import AlarmForm, NotExpressible, no_alarm_on
from obs.alerts.conditions.condition import Condition, PanelLimit, PanelQueries, TuningField
from obs.alerts.conditions.grafana import GrafanaQuery, lasting
from obs.alerts.conditions.promql import held_while_silent, of_system, unless_seen
from obs.alerts.conditions.samples import Gauge, Level, Samples, Steady
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.words import Words, threshold_words
from obs.alerts.quantities.quantity import Quantity, Sampled
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher, equal, max_by, number, over_time

_SHORTEST, _LONGEST = 60.0, 300.0  # seconds between moments at which what has gone is recalled
_LONG: Final = 3600.0
"""Seconds of a window from which on tests sample less often: each would take minutes."""
_MARGIN: Final = 0.1
"""By which part of the threshold tests are beyond it."""
_FEW: Final = 1e-6
"""Which part of the usual traffic is too little in tests."""
_AMPLE: Final = 10.0
"""How much more than the least traffic of a longer window tests have in the shorter one."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """How much has to happen for the comparison to mean anything; `lacking` says so in tests.

    `past`: over a longer window than the comparison, which is about what came of it.
    """

    quantity: Quantity
    least: float
    past: bool = False
    lacking: str = "there is too little traffic"


@dataclass(frozen=True, slots=True)
class Beyond(Condition):
    """A quantity is above, or below, the threshold; `by` are the labels of its objects.

    `given`: only where there is so much traffic.
    """

    quantity: Quantity
    operator: Literal[">", "<"]
    threshold: float
    by: tuple[str, ...]
    given: Traffic | None = None

    def metrics(self) -> tuple[Metric, ...]:
        more = self.given.quantity.metrics() if self.given else ()
        return tuple(dict.fromkeys((*self.quantity.metrics(), *more)))

    def expression(self, rule: RuleScope) -> str:
        return held_while_silent(rule, lambda held: self.promql(rule, held), self._seen(rule))

    def promql(self, rule: RuleScope, held: float) -> str:
        compared = f"{self._known(rule, held)} {self.operator} {number(self.threshold)}"
        if self.given is None or held:
            return compared
        traffic = self.given.quantity.promql(_RuleReader(rule))
        return f"{compared}\nand {traffic} >= {number(self.given.least)}"

    def drawn(self, panel: PanelQueries) -> str:
        return self.quantity.promql(PanelReader(panel, self.by))

    def panel_limit(self) -> PanelLimit:
        side: Literal["above", "below"] = "above" if self.operator == ">" else "below"
        return PanelLimit(self.threshold, self.quantity.unit, side)

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        known = partial(self._known, rule)
        queries = {"A": lasting(rule, known, self._seen(rule))}
        condition = f"$A {self.operator} {number(self.threshold)}"
        if self.given is None:
            return GrafanaQuery(queries, condition)
        traffic = self.given.quantity.promql(_RuleReader(rule))
        enough = f"$B >= {number(self.given.least)}"
        return GrafanaQuery({**queries, "B": traffic}, f"{condition} && {enough}", keeps_state=True)

    def cloudwatch(self) -> AlarmForm:
        first = self.quantity.metrics()[0]
        if any(metric.foreign for metric in self.metrics()):
            return NotExpressible(f"CloudWatch does not have {first.name}")
        if set(self.metrics()) != set(self.quantity.metrics()):
            return no_alarm_on(first)
        least = self.given.least if self.given else 0
        return alarm_on(self.quantity, self.operator, self.threshold, least)

    def words(self) -> Words:
        window = self.quantity.window
        return threshold_words(self.operator, self.threshold, self.quantity.unit, window)

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above" if self.operator == ">" else "below": "threshold"}

    def most(self) -> float:
        high = self.quantity.bounds[1]
        return high if high != float("inf") else super(Beyond, self).most()

    def samples(self) -> Samples:
        good, edge, bad = self._levels()
        past = self.given is not None and self.given.past
        if self.given and past:
            good = max(good, _AMPLE * self.given.least)
        wanted = {
            **dict.fromkeys((Level.GOOD, Level.OVER, Level.IDLE), good),
            **{Level.EDGE: edge, Level.BAD: bad},
        }
        sampled = self._with_few(self.quantity.sampled(wanted))
        few = [(self.given.lacking, Level.FEW)] if self.given and not past else []
        of_traffic = self.given.quantity.window if self.given and not past else 0
        settles = max(self.quantity.window, of_traffic)
        return Samples(
            sampled.series,
            sampled.reached[Level.BAD],
            has_exact_edge=self.quantity.is_exact,
            step=_SHORTEST if settles < _LONG else 3 * _SHORTEST,
            settles=settles,
            variants=tuple(few),
        )

    def _known(self, rule: RuleScope, held: float) -> str:
        """The quantity of the rule's objects now, or what was furthest in `held` seconds.

        Not the last: a rate falls while its series is going.
        """
        reader = _RuleReader(rule)
        value = self.quantity.promql(reader)
        if held:
            furthest = "max_over_time" if self.operator == ">" else "min_over_time"
            value = over_time(furthest, value, held, _recalled_every(rule))
        first = self.quantity.metrics()[0]
        others = [
            max_by(rule.identity, of_system(rule, first, equal(labels))) for labels in rule.without
        ]
        return f"({' unless '.join((value, *others))})" if others else value

    def _seen(self, rule: RuleScope) -> str:
        """What ends the holding of a last known value: another exporter has the object's series."""
        first = self.quantity.metrics()[0]
        if not first.foreign:
            return unless_seen(rule)
        return f"unless {self._present(rule)}"

    def _present(self, rule: RuleScope) -> str:
        """The objects that other exporters have series of now."""
        reader = _RuleReader(rule)
        found = [max_by(rule.identity, reader.series(each, ())) for each in self.quantity.firsts()]
        return f"({' or '.join(found)})" if len(found) > 1 else found[0]

    def _levels(self) -> tuple[float, float, float]:
        """A good value, one at the threshold or as near as tests can make it, and a bad one."""
        low, high = self.quantity.bounds
        margin = _MARGIN * abs(self.threshold) or 1.0
        above, below = self.threshold + margin, self.threshold - margin
        above = (self.threshold + high) / 2 if above >= high else above
        below = (self.threshold + low) / 2 if below <= low else below
        far_above = (above + high) / 2 if high != float("inf") else above + 5 * margin
        bad, near, good = above, below, max(below - 5 * margin, low)
        if self.operator == "<":
            bad, near, good = below, above, far_above
        return good, self.threshold if self.quantity.is_exact else near, bad

    def _with_few(self, sampled: Sampled) -> Sampled:
        """The series with a level at which all is bad, but there is too little of it."""
        if self.given is None:
            return sampled
        series = tuple(
            replace(each, rates={**each.rates, Level.FEW: _FEW * each.rates[Level.BAD]})
            if isinstance(each, Steady)
            else each
            for each in sampled.series
        )
        if set(self.given.quantity.metrics()) <= set(self.quantity.metrics()):
            return replace(sampled, series=series)
        series = tuple(
            replace(each, values={**each.values, Level.FEW: each.values[Level.BAD]})
            if isinstance(each, Gauge)
            else each
            for each in series
        )
        least = self.given.least
        enough = {**dict.fromkeys(sampled.reached, 2 * least), Level.FEW: least / 2}
        return replace(sampled, series=(*series, *self.given.quantity.sampled(enough).series))


def _recalled_every(rule: RuleScope) -> float:
    """Seconds between the moments at which the value is recalled.

    Each costs as much as the rule itself. It was beyond the threshold for as long as the alert's
    `for` before it fired, so one of them lies in that time.
    """
    return min(max(_SHORTEST, rule.hold // 60 * 60), _LONGEST)


@dataclass(frozen=True, slots=True)
class _RuleReader:
    """The series that a rule reads: those of its objects."""

    rule: RuleScope

    @property
    def by(self) -> Sequence[str]:
        return self.rule.identity

    def series(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        own = (*equal(self.rule.only), *self.rule.among)
        return of_system(self.rule, metric, (*where, *own), window)


@dataclass(frozen=True, slots=True)
class PanelReader:
    """The series that a panel draws, narrowed by the variables of its dashboard."""

    panel: PanelQueries
    by: Sequence[str]

    def series(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        return self.panel.selected(metric, where, window)
