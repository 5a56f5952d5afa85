"""When alerts fire: a module for each kind of condition, which answers everything about it."""

from typing import Final

from obs.alerts.conditions.burn import Burn, BurnTiers
from obs.alerts.conditions.condition import Condition
from obs.alerts.conditions.counters import ErrorRate, Increase, Quiet
from obs.alerts.conditions.gauges import Above, Below, Equals, Share
from obs.alerts.conditions.moments import Age, Overdue
from obs.alerts.conditions.presence import Absent, AbsentForSource, Always, Unscraped

CONDITIONS: Final[tuple[type[Condition], ...]] = (
    Above,
    Below,
    Equals,
    Share,
    Increase,
    Quiet,
    ErrorRate,
    Age,
    Overdue,
    Absent,
    AbsentForSource,
    Unscraped,
    Always,
    Burn,
    BurnTiers,
)
"""Every condition that an alert may have."""

__all__ = [
    "CONDITIONS",
    "Above",
    "Absent",
    "AbsentForSource",
    "Age",
    "Always",
    "Below",
    "Burn",
    "BurnTiers",
    "Condition",
    "Equals",
    "ErrorRate",
    "Increase",
    "Overdue",
    "Quiet",
    "Share",
    "Unscraped",
]
