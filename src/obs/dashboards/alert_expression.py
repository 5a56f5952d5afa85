"""What an alert compares with its threshold, over time: a panel that names an alert shows this."""

from typing import Final

from obs.alerts.conditions.condition import Condition
from obs.alerts.conditions.words import Unit
from obs.dashboards.expressions import VariableScope

_UNITS: Final[dict[Unit, str]] = {
    "messages": "short",
    "events": "short",
    "replicas": "short",
    "replays": "short",
    "assets": "short",
    "seconds": "s",
    "percent": "percent",
    "ratio": "percentunit",
    "bytes": "bytes",
    "number": "short",
    "requests": "short",
    "connections": "short",
    "calls": "short",
    "tokens": "short",
    "dollars": "currencyUSD",
    "per second": "cps",
    "bytes per second": "Bps",
}


def compared(scope: VariableScope, when: Condition) -> str:
    """The quantity of a condition, one series for each object. Raises ValueError for a condition
    on no quantity.
    """
    drawn = when.drawn(scope)
    if drawn is None:
        raise ValueError(f"{type(when).__name__} compares no quantity")
    return drawn


def unit(when: Condition) -> str:
    """Grafana's unit of what a condition compares."""
    limit = when.panel_limit()
    return unit_named(limit.unit) if limit and limit.unit else "short"


def unit_named(unit: Unit) -> str:
    """Grafana's name of a unit."""
    return _UNITS[unit]
