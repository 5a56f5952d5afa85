"""Metrics and quantities as a pack's YAML file writes them, as obs' own packs have them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from obs.alerts.quantities import (
    Forecast,
    Growth,
    Mean,
    Percent,
    PercentBeside,
    Percentile,
    Quantity,
    Rate,
    SecondsSince,
    Value,
    Where,
)
from obs.catalogue import foreign
from obs.catalogue.metric import Kind, Metric
from obs.own_packs.model import OwnMetric, OwnPercent, OwnQuantity, OwnSeries
from obs.spec.globs import matches
from obs.spec.pack_settings import glob_matcher
from obs.spec.report import did_you_mean
from obs.spec.tree import Path

Finding = tuple[Path, str]
"""A path in the file, and what is wrong there."""
Metrics = Mapping[str, OwnMetric | None]
"""Those that are declared; None for one that is not sound."""

_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "value": ("gauge",),
    "rate": ("counter",),
    "growth": ("counter",),
    "percent": ("gauge", "counter"),
    "percentile": ("histogram",),
    "mean": ("histogram",),
    "forecast": ("gauge",),
    "age": ("gauge",),
    "time_left": ("gauge",),
}
"""The kinds of metric that each quantity is of."""
_RIGHT: Final = {
    "gauge": "value shows a gauge",
    "counter": "rate or growth shows a counter",
    "histogram": "percentile or mean shows a histogram",
}
_PART: Final = re.compile(r"\*+|\?|\[(.)[^\]]*\]|(.)", re.DOTALL)


def metric_of(name: str, written: OwnMetric) -> Metric:
    """A metric as the catalogue has those of other exporters."""
    unit = written.unit or ""
    if written.kind == "histogram":
        return foreign.histogram(
            name, written.labels, written.help, unit=unit, buckets=written.buckets
        )
    make = foreign.gauge if written.kind == "gauge" else foreign.counter
    return make(name, written.labels, written.help, unit=unit)


def series_of(quantity: OwnQuantity) -> Iterator[tuple[Path, OwnSeries]]:
    """The series that a quantity reads, each with its path below the quantity."""
    written = getattr(quantity, quantity.kind)
    if isinstance(written, OwnPercent):
        for name in ("part", "whole", "rest"):
            if series := getattr(written, name):
                yield (quantity.kind, name), series
    else:
        yield (quantity.kind,), written


def quantity_problems(quantity: OwnQuantity, metrics: Metrics) -> Iterator[Finding]:
    """What is wrong with what a quantity reads, by path below it."""
    kinds: set[str] = set()
    for path, series in series_of(quantity):
        if series.metric not in metrics:
            hint = did_you_mean(series.metric, metrics) or "; declare it there"
            yield path, f"metrics declares no {series.metric}{hint}"
            continue
        metric = metrics[series.metric]
        if metric is None:
            continue
        kinds.add(metric.kind)
        if metric.kind not in _KINDS[quantity.kind]:
            words = f"{series.metric} is a {metric.kind}; {_RIGHT[metric.kind]}"
            yield path, words
        for field, chosen in (("where", series.where), ("except", series.leave_out)):
            for label, glob in chosen.items():
                yield from _label_problems((*path, field, label), label, glob, metric)
    if kinds == {"gauge", "counter"}:
        yield ("percent",), "a gauge and a counter have no share; write two of one kind"


def _label_problems(path: Path, label: str, glob: str, metric: OwnMetric) -> Iterator[Finding]:
    if label not in metric.labels:
        hint = did_you_mean(label, metric.labels) or "; add it to the metric's labels"
        yield path, f"the metric has no label {label}{hint}"
    elif not glob.strip("*"):
        yield path, f"{glob!r} matches everything; remove it"
    elif not matches(_example(glob), [glob]):
        yield path, f"{glob!r} is not a value or glob; write for example 5?? or web-*"


def _example(glob: str) -> str:
    """A text that the glob matches: digits stand for what is open."""

    def character(found: re.Match[str]) -> str:
        if found[1]:
            return "0" if found[1] == "!" else found[1]
        return found[2] or "0"

    return _PART.sub(character, glob)


def quantity_of(written: OwnQuantity, metrics: Mapping[str, Metric]) -> Quantity:
    """A quantity that has no problems."""
    found = getattr(written, written.kind)
    if isinstance(found, OwnPercent):
        part = _share(found.part, found, metrics)
        if found.whole is not None:
            return Percent(part, _share(found.whole, found, metrics))
        assert found.rest is not None
        return PercentBeside(part, _share(found.rest, found, metrics))
    return _MAKE[written.kind](metrics[found.metric], found, _where(found))


def _share(series: OwnSeries, of: OwnPercent, metrics: Mapping[str, Metric]) -> Quantity:
    metric, where = metrics[series.metric], _where(series)
    if metric.kind is Kind.GAUGE:
        return Value(metric, "sum", where)
    return Rate(metric, of.window, where)


_MAKE: Final[dict[str, Callable[..., Quantity]]] = {
    "value": lambda metric, found, where: Value(metric, found.across, where),
    "rate": lambda metric, found, where: Rate(metric, found.window, where),
    "growth": lambda metric, found, where: Growth(metric, found.window, where),
    "percentile": lambda metric, found, where: Percentile(
        metric, found.percent, found.window, where
    ),
    "mean": lambda metric, found, where: Mean(metric, found.window, where),
    "forecast": lambda metric, found, where: Forecast(
        metric, found.ahead, found.window, found.across, where
    ),
    "age": lambda metric, found, where: SecondsSince(metric, where=where),
    "time_left": lambda metric, found, where: SecondsSince(metric, until=True, where=where),
}


def _where(series: OwnSeries) -> tuple[Where, ...]:
    chosen = [_one(label, glob, taken=True) for label, glob in series.where.items()]
    left = [_one(label, glob, taken=False) for label, glob in series.leave_out.items()]
    return (*chosen, *left)


def _one(label: str, glob: str, *, taken: bool) -> Where:
    """A matcher with a value that it takes and one that it does not."""
    _, operator, value = glob_matcher(label, glob)
    example = value if operator == "=" else _example(glob)
    other = "~" if matches("other", [glob]) else "other"
    if taken:
        return Where(label, operator, value, example, other)
    return Where(label, {"=": "!=", "=~": "!~"}[operator], value, other, example)
