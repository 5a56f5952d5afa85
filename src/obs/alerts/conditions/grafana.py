"""A condition as Grafana evaluates it: queries by letter, and arithmetic that compares them.

Grafana queries the values of all objects and compares them itself. So that nothing resolves
because its source fell silent, the last known gauge stands while the source is not up; counters
are not queried then, and what returns no data keeps its state. Both last as long as in
Prometheus' rules, which look at their own ALERTS, for which Grafana has no like.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from obs.alerts.conditions.promql import indented, present, unless_seen, while_source_up
from obs.alerts.conditions.scope import Labels, RuleScope
from obs.catalogue.metric import Metric

EXTRA: Final = "E"
"""The letter of what is not compared but shown in the description."""


@dataclass(frozen=True, slots=True)
class GrafanaQuery:
    """PromQL by letter, and the comparison of the answers. A is the value shown.

    `keeps_state`: an object without data keeps its state for some time.
    """

    queries: dict[str, str]
    condition: str
    keeps_state: bool = False


def whether(expression: str) -> GrafanaQuery:
    """Fires for what the expression returns, which compares already."""
    return GrafanaQuery({"A": expression}, "is_number($A)")


def lasting(rule: RuleScope, known: Callable[[float], str], seen: str = "") -> str:
    """What is known now, or while the source is silent what was known last; by seconds held.

    `seen` is what ends that; usually that the objects' source is up.
    """
    if not rule.keep_firing:
        return known(0)
    last = f"{known(rule.keep_firing)}\n{seen or unless_seen(rule)}"
    return f"{known(0)}\nor (\n{indented(last)}\n)"


def lasting_gauge(rule: RuleScope, metric: Metric, where: Labels = ()) -> str:
    """A gauge's value now, or the last one while its source is silent."""
    return lasting(rule, lambda held: present(rule, metric, held, where))


def only_while_up(rule: RuleScope, grown: str) -> str:
    """An increase shrinks as its window empties: it counts only while the source is up."""
    return f"{grown}\n{while_source_up(rule)}" if rule.keep_firing else grown
