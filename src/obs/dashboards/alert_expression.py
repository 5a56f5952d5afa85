"""What an alert compares with its threshold, over time: a panel that names an alert shows this."""

from typing import Final

from obs.alerts.conditions import (
    Above,
    Age,
    Below,
    Condition,
    Equals,
    ErrorRate,
    Increase,
    Overdue,
    Quiet,
    Share,
)
from obs.catalogue.query import equal, number
from obs.dashboards.expressions import VariableScope

_UNITS: Final = {
    "messages": "short",
    "events": "short",
    "replicas": "short",
    "seconds": "s",
    "percent": "percent",
    "ratio": "percentunit",
    "bytes": "bytes",
}


def compared(scope: VariableScope, when: Condition) -> str:
    """The quantity of a condition, one series for each object. Raises ValueError for a condition
    on no quantity.
    """
    match when:
        case Above(metric) | Below(metric):
            return scope.value(metric)
        case Equals(metric, _, where):
            return scope.value(metric, *equal(where))
        case Share(part, whole):
            return f"100 * {scope.value(part)}\n/ {scope.value(whole)}"
        case Increase(metric, _, window, _, where):
            by = [label for label in metric.labels if label not in dict(where)]
            return scope.grown(metric, window, *equal(where), by=by)
        case Quiet(metric, _, window):
            return scope.grown(metric, window)
        case ErrorRate(bad, total, _, window, minimum):
            judged = f"({scope.grown(total, window)} >= {number(minimum)})"
            return f"100 * {scope.grown(bad, window)}\n/ {judged}"
        case Age(moment):
            return f"time() - {scope.value(moment)}"
        case Overdue(moment, limit):
            return f"100 * (time() - {scope.value(moment)})\n/ {scope.value(limit)}"
        case _:
            raise ValueError(f"{type(when).__name__} compares no quantity")


def unit(when: Condition) -> str:
    """Grafana's unit of what a condition compares."""
    if isinstance(when, Overdue):
        return "percent"
    return _UNITS.get(getattr(when, "unit", ""), "short")
