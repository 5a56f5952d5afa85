"""How CloudWatch can express a comparison of a quantity that packs have from its own metrics."""

from typing import Literal

from obs.alerts.conditions.cloudwatch import (
    AlarmForm,
    GaugeCompared,
    WindowSum,
    gauge_alarm,
    is_named,
    no_alarm_on,
)
from obs.alerts.quantities.arithmetic import Percent, PercentBeside
from obs.alerts.quantities.counters import Growth
from obs.alerts.quantities.gauges import Value
from obs.alerts.quantities.quantity import Quantity


def alarm_on(
    quantity: Quantity, operator: Literal[">", "<"], threshold: float, least: float
) -> AlarmForm:
    """The form of an alarm: on one metric, or on the share of two. `least`: of what is counted."""
    if not all(map(is_named, quantity.metrics())):
        return no_alarm_on(quantity.metrics()[0])
    match quantity:
        case Value(metric=metric):
            return gauge_alarm(metric, operator, threshold)
        case Growth(metric=metric, window=window):
            return WindowSum(metric, window, operator, threshold)
        case Percent(first=Value(metric=part), second=Value(metric=whole)):
            return GaugeCompared(part, operator, threshold, whole)
        case Percent(first=Growth(metric=part, window=window), second=Growth(metric=whole)):
            return WindowSum(part, window, operator, threshold, whole, least)
        case PercentBeside(first=Growth(metric=part, window=window), second=Growth(metric=rest)):
            return WindowSum(part, window, operator, threshold, rest, least, beside=True)
    return no_alarm_on(quantity.metrics()[0])
