"""When an alert fires: everything that writers, tests and dashboards ask of a condition.

Comparisons are strict. Windows and ages are seconds, shares are percent.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol, Self, get_args

from obs.alerts.conditions.cloudwatch import AlarmForm
from obs.alerts.conditions.grafana import GrafanaQuery
from obs.alerts.conditions.promql import held_while_silent
from obs.alerts.conditions.samples import Samples
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.alerts.conditions.tier import BurnTier
from obs.alerts.conditions.words import Unit, Words
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher
from obs.spec.alerts import Limit, Tuned
from obs.spec.system import System

TuningField = Literal["above", "below", "window", "min_events"]
"""A field of the spec's `alerts` that changes a condition."""
TUNING_FIELDS: Final[tuple[TuningField, ...]] = get_args(TuningField)


COUNTABLE: Final = 1e12
"""Below this, counters tell one event more or less, as floats and as rules write them, after
hundreds of such windows."""


class PanelQueries(Protocol):
    """PromQL of a panel, narrowed by the variables of its dashboard."""

    def value(self, metric: Metric, *extra: Matcher, by: Sequence[str] | None = None) -> str:
        """A gauge, one series for each of its labels (or of those `by` names)."""

    def age(self, moment: Metric, *extra: Matcher) -> str:
        """How long ago a moment was when it was scraped."""

    def grown(
        self,
        metric: Metric,
        window: float | str,
        *extra: Matcher,
        by: Sequence[str] | None = None,
    ) -> str:
        """A counter's growth in a window: seconds, or a duration as PromQL has it."""

    def selected(self, metric: Metric, where: Sequence[Matcher], window: float = 0) -> str:
        """A selector of the metric's series, over a window of seconds where one is given."""


@dataclass(frozen=True, slots=True)
class PanelLimit:
    """Where a panel of the compared quantity draws the threshold.

    `side` is where the alert fires: above it, below it, or at this very value, which is a state.
    """

    value: float
    unit: Unit | Literal[""]
    side: Literal["above", "below", "at"] = "above"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A template for a word of the description that only the condition knows."""

    prometheus: str
    grafana: str


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """The condition of one rule, with the labels and matchers that this rule has for it.

    `only` are labels of the one object that the rule is about; empty where it is about all.
    """

    when: "Condition"
    labels: Labels = ()
    among: tuple[Matcher, ...] = ()
    only: Labels = ()


@dataclass(frozen=True, slots=True)
class Condition(ABC):
    """When an alert fires. Each condition has all abstract methods; few override the others."""

    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that it reads, the one it is about first."""

    @abstractmethod
    def promql(self, rule: RuleScope, held: float) -> str:
        """The condition on present values (`held` 0), or on the last of `held` seconds."""

    @abstractmethod
    def drawn(self, panel: PanelQueries) -> str | None:
        """What it compares, over time, as a panel draws it; None where it is no quantity."""

    @abstractmethod
    def panel_limit(self) -> PanelLimit | None:
        """The threshold that a panel draws; None where it has none."""

    @abstractmethod
    def grafana(self, rule: RuleScope) -> GrafanaQuery:
        """The condition in Grafana's terms; thresholds are in its comparison only."""

    @abstractmethod
    def cloudwatch(self) -> AlarmForm:
        """The form of a CloudWatch alarm, or why there is none."""

    @abstractmethod
    def words(self) -> Words:
        """Threshold, comparison and window for people."""

    @abstractmethod
    def tunable(self) -> Mapping[TuningField, str]:
        """The fields of the spec that change it, and the attribute that each of them sets."""

    @abstractmethod
    def samples(self) -> Samples:
        """How it is tested."""

    def expression(self, rule: RuleScope) -> str:
        """The PromQL of a rule, which holds on while the source is silent."""
        return held_while_silent(rule, lambda held: self.promql(rule, held))

    def tuned(self, tuning: Tuned) -> Self:
        """The condition with what the tuning changes; what does not fit it is left alone."""
        changes: dict[str, Any] = {}
        for name, attribute in self.tunable().items():
            setting = getattr(tuning, name)
            if setting is not None:
                changes[attribute] = setting.value if isinstance(setting, Limit) else setting
        return replace(self, **changes)

    def of_system(self, system: System) -> Iterable[RuleCondition]:
        """One rule, or as many as the condition becomes in this system."""
        return (RuleCondition(self),)

    def left_out(self, system: System) -> Iterable[str]:
        """What it does not become in this system, each with its object and the reason."""
        return ()

    def most(self) -> float:
        """What its threshold has to be below: above this it could never fire, or not exactly."""
        return COUNTABLE

    def share_of(self) -> Metric | None:
        """The limit of which it compares a percentage; None where it compares no share."""
        return None

    def tier(self) -> BurnTier | None:
        """The burn-rate tier that it is; None for every other condition."""
        return None

    def placeholders(self, rule: RuleScope) -> Mapping[str, Placeholder]:
        """Words of a description that only this condition fills in, by name."""
        return {}
