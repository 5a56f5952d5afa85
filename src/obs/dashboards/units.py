"""Grafana's unit of a metric: its name ends in its unit, as Prometheus' conventions have it."""

from typing import Final

from obs.catalogue.metric import Metric

NUMBER: Final = "short"
PER_SECOND: Final = "cps"
SINCE: Final = "dateTimeFromNow"
_BY_SUFFIX: Final = {
    "seconds": "s",
    "bytes": "bytes",
    "ratio": "percentunit",
    "dollars_per_month": "currencyUSD",
    "dollars_this_month": "currencyUSD",
    "dollars": "currencyUSD",
}


def unit_of(metric: Metric) -> str:
    """Grafana's unit of the metric's values; a plain number where its name has no unit."""
    found = (unit for suffix, unit in _BY_SUFFIX.items() if metric.family.endswith(f"_{suffix}"))
    return next(found, NUMBER)
