"""When alerts fire: a module for each kind of condition, which answers everything about it."""

from typing import Final

from obs.alerts.conditions.beyond import Beyond, Traffic
from obs.alerts.conditions.burn import Burn, BurnTiers
from obs.alerts.conditions.condition import Condition
from obs.alerts.conditions.counters import ErrorRate, Increase, Quiet
from obs.alerts.conditions.flags import Holds
from obs.alerts.conditions.gauges import Above, Below, Equals, Share
from obs.alerts.conditions.moments import Age, Overdue
from obs.alerts.conditions.own_threshold import BeyondOwnThreshold
from obs.alerts.conditions.presence import Absent, AbsentForSource, Always, MissingOf, Unscraped
from obs.alerts.conditions.queue_roles import OnDeadLetterQueue, OnWorkQueue, Unconsumed

CONDITIONS: Final[tuple[type[Condition], ...]] = (
    Above,
    Below,
    Equals,
    Holds,
    Share,
    BeyondOwnThreshold,
    Increase,
    Quiet,
    ErrorRate,
    Age,
    Overdue,
    Absent,
    AbsentForSource,
    MissingOf,
    Unscraped,
    Always,
    Burn,
    BurnTiers,
    OnDeadLetterQueue,
    OnWorkQueue,
    Unconsumed,
    Beyond,
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
    "Beyond",
    "BeyondOwnThreshold",
    "Burn",
    "BurnTiers",
    "Condition",
    "Equals",
    "ErrorRate",
    "Holds",
    "Increase",
    "MissingOf",
    "OnDeadLetterQueue",
    "OnWorkQueue",
    "Overdue",
    "Quiet",
    "Share",
    "Traffic",
    "Unconsumed",
    "Unscraped",
]
