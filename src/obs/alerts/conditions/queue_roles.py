"""Conditions on queues of one role: a work queue is no dead-letter queue, whatever waits in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from obs.alerts.conditions.cloudwatch import AlarmForm, NotExpressible
from obs.alerts.conditions.condition import (
    Condition,
    PanelLimit,
    PanelQueries,
    RuleCondition,
    TuningField,
)
from obs.alerts.conditions.counters import Quiet
from obs.alerts.conditions.gauges import Above
from obs.alerts.conditions.grafana import GrafanaQuery, lasting, lasting_gauge
from obs.alerts.conditions.promql import present
from obs.alerts.conditions.samples import Gauge, Level, Samples, constant
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.words import Words
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, number
from obs.catalogue.sqs import QUEUE_ROLE, WORK_ROLE
from obs.sources.kinds import KINDS
from obs.spec.alerts import Tuned
from obs.spec.system import System

_WORK: Final[Labels] = (("role", WORK_ROLE),)


@dataclass(frozen=True, slots=True)
class _OnQueue(Condition):
    """A condition on queues of one role; limit, words and tuning are those of `when`."""

    when: Above

    def panel_limit(self) -> PanelLimit:
        return self.when.panel_limit()

    def cloudwatch(self) -> AlarmForm:
        return self.when.cloudwatch()

    def words(self) -> Words:
        return self.when.words()

    def tunable(self) -> Mapping[TuningField, str]:
        return self.when.tunable()

    def tuned(self, tuning: Tuned) -> Self:
        return replace(self, when=self.when.tuned(tuning))


@dataclass(frozen=True, slots=True)
class OnDeadLetterQueue(_OnQueue):
    """A condition on every queue that is not known to be a work queue.

    Where the system watches no work queues, it is the condition itself.
    """

    apart: bool = False
    """Whether there may be work queues, which are left out."""

    def metrics(self) -> tuple[Metric, ...]:
        return self.when.metrics()

    def of_system(self, system: System) -> Iterable[RuleCondition]:
        lacking = (each.not_collected(system.sources.of(each.key), QUEUE_ROLE) for each in KINDS)
        return (RuleCondition(replace(self, apart=not any(lacking))),)

    def promql(self, rule: RuleScope, held: float) -> str:
        found = self.when.promql(rule, held)
        return f"{found}\nunless {_work_queues(rule, held)}" if self.apart else found

    def drawn(self, panel: PanelQueries) -> str:
        drawn = self.when.drawn(panel)
        return f"{drawn}\nunless {_drawn_work_queues(panel)}" if self.apart else drawn

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        if not self.apart:
            return self.when.grafana(rule)
        query = self.when.grafana(rule)
        return replace(query, queries={"A": _joined(rule, self.when, "unless")})

    def samples(self) -> Samples:
        if not self.apart:
            return self.when.samples()
        is_work = Gauge(QUEUE_ROLE, {Level.FEW: 1.0}, _WORK)
        return _beside(self.when.samples(), is_work, "it is a work queue")


@dataclass(frozen=True, slots=True)
class OnWorkQueue(_OnQueue):
    """A condition on work queues only."""

    def metrics(self) -> tuple[Metric, ...]:
        return (*self.when.metrics(), QUEUE_ROLE)

    def promql(self, rule: RuleScope, held: float) -> str:
        return f"{self.when.promql(rule, held)}\nand {_work_queues(rule, held)}"

    def drawn(self, panel: PanelQueries) -> str:
        return f"{self.when.drawn(panel)}\nand {_drawn_work_queues(panel)}"

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        query = self.when.grafana(rule)
        return replace(query, queries={"A": _joined(rule, self.when, "and")})

    def samples(self) -> Samples:
        values = constant(1.0)
        del values[Level.FEW]
        is_work = Gauge(QUEUE_ROLE, values, _WORK)
        return _beside(self.when.samples(), is_work, "it is a dead-letter queue")


@dataclass(frozen=True, slots=True)
class Unconsumed(Condition):
    """More messages than the threshold wait in a work queue, and none was received in the window.

    Work queues are the only ones of which messages are counted.
    """

    waiting: Metric
    received: Metric
    threshold: float
    window: float

    def metrics(self) -> tuple[Metric, ...]:
        return (self.waiting, self.received, QUEUE_ROLE)

    def promql(self, rule: RuleScope, held: float) -> str:
        waiting = f"{present(rule, self.waiting, held)} > {number(self.threshold)}"
        return f"{waiting}\nand {self._idle.promql(rule, held)}"

    def drawn(self, panel: PanelQueries) -> str:
        return f"{panel.value(self.waiting)}\nand {_drawn_work_queues(panel)}"

    def panel_limit(self) -> PanelLimit:
        return PanelLimit(self.threshold, "messages")

    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        idle = self._idle.grafana(rule).queries["A"]
        queries = {"A": lasting_gauge(rule, self.waiting), "B": idle}
        condition = f"$A > {number(self.threshold)} && $B < 1"
        return GrafanaQuery(queries, condition, keeps_state=True)

    def cloudwatch(self) -> AlarmForm:
        return NotExpressible("an alarm on what waits and is not received needs two metrics")

    def words(self) -> Words:
        return Above(self.waiting, self.threshold, "messages").words()

    def tunable(self) -> Mapping[TuningField, str]:
        return {"above": "threshold", "window": "window"}

    def samples(self) -> Samples:
        received = self._idle.samples()
        bad, edge = self.threshold + 1, self.threshold
        values = {Level.GOOD: bad, Level.EDGE: bad, Level.BAD: bad, Level.FEW: edge}
        return replace(
            received,
            series=(Gauge(self.waiting, values), *received.series),
            value=bad,
            variants=(("nothing waits", Level.FEW),),
        )

    @property
    def _idle(self) -> Quiet:
        return Quiet(self.received, 1, self.window, "messages")


def _work_queues(rule: RuleScope, held: float) -> str:
    """The work queues, now or of the last `held` seconds."""
    return present(rule, QUEUE_ROLE, held, _WORK, narrowed=False)


def _drawn_work_queues(panel: PanelQueries) -> str:
    own = [label for label in QUEUE_ROLE.labels if label not in dict(_WORK)]
    return panel.value(QUEUE_ROLE, *equal(_WORK), by=own)


def _joined(rule: RuleScope, when: Above, operator: str) -> str:
    """The value of a condition's gauge of work queues, or of all others."""

    def known(held: float) -> str:
        return f"{present(rule, when.metric, held)}\n{operator} {_work_queues(rule, held)}"

    return lasting(rule, known)


def _beside(samples: Samples, role: Gauge, other: str) -> Samples:
    """The samples of a gauge's condition, and those of a queue that has the other role."""
    (gauge,) = samples.series
    assert isinstance(gauge, Gauge)
    bad = replace(gauge, values={**gauge.values, Level.FEW: gauge.values[Level.BAD]})
    variants = (*samples.variants, (other, Level.FEW))
    return replace(samples, series=(bad, role), variants=variants)
