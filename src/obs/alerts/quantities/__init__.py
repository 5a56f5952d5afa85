"""What alerts compare and panels draw, composed of metrics: `Percent(Rate(ERRORS), Rate(ALL))`.

A quantity has one value for each object. It gives its PromQL, and series for tests in which it has
a wanted value.
"""

from obs.alerts.quantities.alternatives import Either, PercentOfLimit
from obs.alerts.quantities.arithmetic import Complement, Per, Percent, PercentBeside, Sum, Times
from obs.alerts.quantities.counters import Growth, Rate
from obs.alerts.quantities.distributions import Mean, Percentile
from obs.alerts.quantities.gauges import Forecast, SecondsSince, Value
from obs.alerts.quantities.having import Having
from obs.alerts.quantities.quantity import Quantity, Reader, Sampled
from obs.alerts.quantities.states import Answers, Changes, Count, Rise, Skew
from obs.alerts.quantities.where import Where, equals, matching, not_equal, not_matching

__all__ = [
    "Answers",
    "Changes",
    "Complement",
    "Count",
    "Either",
    "Forecast",
    "Growth",
    "Having",
    "Mean",
    "Per",
    "Percent",
    "PercentBeside",
    "PercentOfLimit",
    "Percentile",
    "Quantity",
    "Rate",
    "Reader",
    "Rise",
    "Sampled",
    "SecondsSince",
    "Skew",
    "Sum",
    "Times",
    "Value",
    "Where",
    "equals",
    "matching",
    "not_equal",
    "not_matching",
]
