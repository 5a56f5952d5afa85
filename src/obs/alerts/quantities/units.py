"""The unit of a metric's values: its name ends in it, as Prometheus' conventions have it."""

from typing import Final

from obs.alerts.conditions.words import Unit
from obs.catalogue.metric import Metric

_BY_END: Final[dict[str, Unit]] = {
    "seconds": "seconds",
    "bytes": "bytes",
    "ratio": "ratio",
    "percent": "percent",
    "dollars": "dollars",
}


def unit_of(metric: Metric) -> Unit:
    """The unit that the metric has or its name ends in; a plain number where neither says."""
    end = metric.unit or metric.family.rpartition("_")[2]
    return _BY_END.get(end, "number")
