"""Conditions on how fast error budgets burn (Google SRE workbook, chapter 5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from obs.alerts.conditions.cloudwatch import AlarmForm, NotExpressible
from obs.alerts.conditions.condition import (
    Condition,
    PanelLimit,
    PanelQueries,
    Placeholder,
    RuleCondition,
    TuningField,
)
from obs.alerts.conditions.grafana import EXTRA, GrafanaQuery, lasting, lasting_gauge
from obs.alerts.conditions.promql import of_object, present
from obs.alerts.conditions.samples import Gauge, Level, Samples, constant
from obs.alerts.conditions.scope import RuleScope
from obs.alerts.conditions.tier import BurnTier
from obs.alerts.conditions.words import Words
from obs.alerts.tier_summary import slo_tiers
from obs.catalogue import slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, min_by, number, over_time
from obs.slo.burn import objective_ratio
from obs.slo.tiers import Tier, tiers
from obs.slo.windows import recall_step, window
from obs.spec.quantity import parse_duration
from obs.spec.slos import Slo
from obs.spec.system import System

_EXHAUSTION: Final = 7200.0  # seconds until the budget is exhausted, in tests
_EXHAUSTION_TEXT: Final = "2h 0m 0s"


@dataclass(frozen=True, slots=True)
class Burn(Condition):
    """Error budgets burn faster than a tier allows, of the SLOs over one period.

    Both windows burn faster than `factor`, and the long one has at least `min_bad_events`: one
    bad event of a quiet service never fires, a total outage of it does.
    """

    burn: Metric
    bad: Metric
    long: str
    short: str
    factor: float
    min_bad_events: int
    period: str

    def metrics(self) -> tuple[Metric, ...]:
        return (self.burn, self.bad)

    def promql(self, rule: RuleScope, held: float) -> str:
        factor, enough = number(self.factor), number(self.min_bad_events)
        bad = self._over(rule, self.bad, self.long, held)
        short = self._over(rule, self.burn, self.short, held)
        lines = [
            f"{self._over(rule, self.burn, self.long, held)} > {factor}",
            f"and ({short}\n  or {self._before(rule)}) > {factor}",
            f"and ({bad} >= {enough}\n  or {self._most_bad(rule)} >= {enough})",
        ]
        if self.period:
            lines.append(f"and {self._of_period(rule, held)}")
        return "\n".join(lines)

    def _over(self, rule: RuleScope, metric: Metric, length: str, held: float = 0) -> str:
        return present(rule, metric, held, (("window", length),))

    def _before(self, rule: RuleScope) -> str:
        """The burn rate of the newest events before the short window, which has none.

        So an alert ends because good events say so, never because a window is empty.
        """
        return self._recalled(rule, "last_over_time", self.burn, self.short)

    def _most_bad(self, rule: RuleScope) -> str:
        """The most bad events that the long window has had since its begin."""
        return self._recalled(rule, "max_over_time", self.bad, self.long)

    def _recalled(self, rule: RuleScope, function: str, metric: Metric, length: str) -> str:
        """Over all collectors at each moment: a renamed pod's last value does not outlive it."""
        before = self._over(rule, metric, length)
        return over_time(function, before, parse_duration(self.long), self._recall_step())

    def _recall_step(self) -> int:
        return recall_step(round(parse_duration(self.long)))

    def drawn(self, panel: PanelQueries) -> None:
        """Two windows are no quantity."""
        return

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.factor, "")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        def long(held: float) -> str:
            burn = self._over(rule, self.burn, self.long, held)
            return f"{burn}\nand {self._of_period(rule, held)}" if self.period else burn

        def short(held: float) -> str:
            return self._over(rule, self.burn, self.short, held)

        def enough_bad(held: float) -> str:
            return f"{self._over(rule, self.bad, self.long, held)} >= {enough}"

        enough = number(self.min_bad_events)
        return GrafanaQuery(
            {
                "A": lasting(rule, long),
                "B": f"{lasting(rule, short)}\nor {self._before(rule)}",
                "D": f"{lasting(rule, enough_bad)}\nor {self._most_bad(rule)}",
                EXTRA: lasting_gauge(rule, slo.EXHAUSTION, (("window", self.long),)),
            },
            f"$A > {number(self.factor)} && $B > {number(self.factor)} && $D >= {enough}",
        )

    def cloudwatch(self) -> AlarmForm:
        return self.tier()

    def words(self) -> Words:
        factor = number(self.factor)
        slos = f" (SLOs over {self.period})" if self.period else ""
        comparison = f"> {factor} over {self.long} and {self.short}{slos}"
        return Words("rate", factor, comparison, self.long)

    def tunable(self) -> Mapping[TuningField, str]:
        """Nothing: the tiers are tuned before they become rules."""
        return {}

    def samples(self) -> Samples:
        enough = float(self.min_bad_events)
        fast, edge = self.factor * 2, self.factor
        long = {**constant(fast), Level.EDGE: edge}
        short = {**constant(fast), Level.GOOD: edge, Level.OVER: edge}
        del short[Level.IDLE]
        bad = {**constant(enough), **dict.fromkeys((Level.FEW, Level.IDLE), enough - 1)}
        bad[Level.GOOD] = 0.0
        period = (("slo_window", self.period),)
        return Samples(
            (
                Gauge(self.burn, long, (("window", self.long),)),
                Gauge(self.burn, short, (("window", self.short),)),
                Gauge(self.bad, bad, (("window", self.long),)),
            ),
            fast,
            variants=(
                ("both windows burn, of fewer bad events than it takes", Level.FEW),
                ("the long window burns, but what happens now is good", Level.OVER),
            ),
            companions=(
                Gauge(slo.EXHAUSTION, constant(_EXHAUSTION), (("window", self.long),)),
                *((Gauge(slo.INFO, constant(1.0), period),) if self.period else ()),
            ),
            filled={"exhaustion": _EXHAUSTION_TEXT},
            recall_step=self._recall_step(),
        )

    def tier(self) -> BurnTier:
        """The tier."""
        return BurnTier(self.long, self.short, self.factor, self.min_bad_events, self.period)

    def placeholders(self, rule: RuleScope) -> Mapping[str, Placeholder]:
        """`exhaustion`: when the budget is exhausted at the long window's burn rate."""
        of_window = equal((("window", self.long),))
        query = min_by(rule.identity, of_object(rule, slo.EXHAUSTION, rule.identity, of_window))
        values = " ".join(f"$labels.{label}" for label in rule.identity)
        known = f'(index .Values "{EXTRA}")'
        return {
            "exhaustion": Placeholder(
                f"{{{{ with printf `{query}` {values} | query }}}}"
                "{{ . | first | value | humanizeDuration }}{{ else }}unknown{{ end }}",
                f"{{{{ if {known}.Labels }}}}{{{{ {known}.Value | humanizeDuration }}}}"
                "{{ else }}unknown{{ end }}",
            )
        }

    def _of_period(self, rule: RuleScope, held: float) -> str:
        """The SLOs over the tier's period."""
        return present(rule, slo.INFO, held, (("slo_window", self.period),), narrowed=False)


@dataclass(frozen=True, slots=True)
class BurnTiers(Condition):
    """All tiers of one severity; a system's rules have a Burn of each tier and period."""

    severity: Literal["page", "ticket"]
    min_bad_events: int

    def metrics(self) -> tuple[Metric, ...]:
        return ()

    def promql(self, rule: RuleScope, held: float) -> str:
        raise ValueError(f"{rule.name}: tiers are written one by one")

    def drawn(self, panel: PanelQueries) -> None:
        """Several tiers are no quantity."""
        return

    def panel_limit(self) -> None:
        """Each tier has its own."""
        return

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        raise ValueError(f"{rule.name}: tiers are written one by one")

    def cloudwatch(self) -> AlarmForm:
        return NotExpressible("tiers are written one by one")

    def words(self) -> Words:
        return Words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {"min_events": "min_bad_events"}

    def samples(self) -> Samples:
        return Samples((), 0.0, has_exact_edge=False)

    def of_system(self, system: System) -> Iterator[RuleCondition]:
        """A rule for each tier of this severity and each period of the system's SLOs."""
        for period, tier in self._tiers(system):
            if tier.severity == self.severity:
                yield _rule_of(tier, period)

    def left_out(self, system: System) -> Iterator[str]:
        """The tiers of this severity that SLOs lack."""
        for each in slo_tiers(system):
            for reason in each.left_out:
                if reason.startswith(f"the {self.severity} "):
                    yield f"{each.service}/{each.name}: {reason}"

    def _tiers(self, system: System) -> Iterable[tuple[str, Tier]]:
        """The tiers that some SLO of a period can trip. The period is empty where there is one."""
        periods = {each.window_label for each in system.slos}
        found: dict[tuple[str, Tier], None] = {}
        for each in sorted(system.slos, key=lambda one: (one.window, one.window_label)):
            period = each.window_label if len(periods) > 1 else ""
            for tier in _reachable(each, self.min_bad_events):
                found[(period, tier)] = None
        return list(found)


def _reachable(each: Slo, min_bad_events: int) -> tuple[Tier, ...]:
    objective = objective_ratio(each.objective)
    try:
        return tiers(objective, each.window, min_bad_events, each.tiers or ()).kept
    except ValueError:  # no burn rate of this objective is ever alarming
        return ()


def _rule_of(tier: Tier, period: str) -> RuleCondition:
    long, short = window(tier.long_seconds).label, window(tier.short_seconds).label
    burn = Burn(
        slo.BURN_RATE, slo.BAD_EVENTS, long, short, tier.factor, tier.min_bad_events, period
    )
    of_period = (("slo_window", period),) if period else ()
    return RuleCondition(burn, labels=(("tier", long), *of_period))
