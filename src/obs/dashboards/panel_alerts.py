"""What the text of a panel takes from its alert, and which alert that is."""

from contextlib import suppress
from functools import cache

from obs.alerts.conditions.condition import Condition
from obs.alerts.definitions import ALERTS
from obs.catalogue.metric import Kind, Metric
from obs.dashboards.alert_expression import compared
from obs.dashboards.expressions import VariableScope


@cache
def panel_of(metric: Metric) -> str:
    """The panel of the alert that compares the metric itself; empty where there is none."""
    scope = VariableScope()
    for alert in ALERTS:
        if metric in alert.when.metrics()[:1]:
            with suppress(ValueError):  # of a condition that compares no quantity
                if compared(scope, alert.when) == scope.value(metric):
                    return alert.panel
    return ""


def title(condition: Condition) -> str:
    """The title of a panel that shows what the condition compares."""
    metric = condition.metrics()[0]
    if whole := condition.share_of():
        return f"{metric.display_title}, % of {whole.display_title}"
    return metric.display_title


def description(condition: Condition) -> str:
    """The description of such a panel: the metric's help, and how it is compared."""
    metric = condition.metrics()[0]
    if whole := condition.share_of():
        return f"{metric.help} As a share of {whole.display_title}."
    window = condition.words().window if metric.kind is Kind.COUNTER else ""
    return f"{metric.help} Counted over {window}." if window else metric.help


def empty(condition: Condition, otherwise: str) -> str:
    """Why such a panel may be empty; `otherwise` where the condition does not say."""
    if whole := condition.share_of():
        return or_silent(f"No {whole.display_title} is set")
    absent = condition.metrics()[0].absent
    return or_silent(absent) if absent else otherwise


def or_silent(reason: str) -> str:
    """Why a panel may be empty; a source that does not answer is always another reason."""
    return f"{reason}, or its source does not answer: see Collector"
