"""Limits on metrics of the catalogue, in the unit that the metric has."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from obs import catalogue
from obs.catalogue.metric import Kind, Metric
from obs.spec.quantity import format_duration, parse_duration
from obs.spec.report import did_you_mean

SOURCES: Final = ("nats", "aws", "probe", "canary")
"""Labels that name the source of a series: the keys of the kinds of source that have metrics."""

_BYTES: Final[Mapping[str, int]] = {
    **{"": 1, "B": 1},
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
    "KB": 1000,
}
_NUMBER: Final = re.compile(r"(-?[0-9]{1,16}(?:\.[0-9]{1,9})?)\s*([A-Za-z%]*)")
_EXAMPLES: Final = {"seconds": "30s", "bytes": "10GB", "ratio": "80%"}


def metric_named(name: str) -> Metric:
    """A gauge of the catalogue that a source has series of. Raises ValueError for any other."""
    metric = catalogue.BY_NAME.get(name)
    usable = [each for each in catalogue.BY_NAME.values() if _why_not(each) == ""]
    if metric is None:
        hint = did_you_mean(name, [each.name for each in usable])
        raise ValueError(f"the catalogue has no metric {name!r}{hint or '; see `obs metrics`'}")
    if why := _why_not(metric):
        raise ValueError(f"{name} {why}")
    return metric


def source_kind_of(metric: Metric) -> str:
    """The kind of source that has series of a metric."""
    return next(label for label in SOURCES if label in metric.labels)


def parsed(text: str, metric: Metric) -> float:
    """The limit in the metric's unit. Raises ValueError where it is written in another one."""
    if metric.unit == "seconds":
        return parse_duration(text)
    found = _NUMBER.fullmatch(text.strip())
    unit = found[2] if found else "?"
    if found and metric.unit == "bytes" and unit in _BYTES:
        return float(Decimal(found[1]) * _BYTES[unit])
    if found and metric.unit == "ratio" and unit == "%":
        return float(Decimal(found[1]) / 100)
    if found and metric.unit not in _EXAMPLES and not unit:
        return float(found[1])
    of = f"{metric.name} is in {metric.unit}" if metric.unit else f"{metric.name} is a number"
    raise ValueError(f"{text[:60]!r} does not fit: {of}; write {_EXAMPLES.get(metric.unit, '100')}")


def shown(limit: float, metric: Metric) -> str:
    """A limit for people."""
    if metric.unit == "seconds":
        return format_duration(limit)
    if metric.unit == "ratio":
        return f"{100 * limit:.10g} %"
    return f"{limit:.15g}{' bytes' if metric.unit == 'bytes' else ''}"


def _why_not(metric: Metric) -> str:
    """Why a metric cannot be compared with a limit; empty where it can."""
    if metric.kind is not Kind.GAUGE:
        return f"is a {metric.kind}, which has no limit; choose a gauge"
    if not any(label in metric.labels for label in SOURCES):
        return "is the collector's own; choose a metric of a source"
    if metric.name.endswith("_timestamp_seconds"):
        return "is a moment, not a quantity; choose an age"
    return ""
