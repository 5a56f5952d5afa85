"""Declaring a metric adds it to the catalogue; this is the only list of metrics.

A name can be declared once: a second declaration raises ValueError when its module is imported.
"""

from typing import Final, NotRequired, TypedDict, Unpack

from obs.catalogue.metric import AwsMetric, Kind, Metric, Published

EXPORTED: Final[dict[str, Metric]] = {}
"""The metrics that the collector exports, by name, in the order they were declared."""
RECORDED: Final[dict[str, Metric]] = {}
"""The series that recording rules produce, by name, in the order they were declared."""


class _Details(TypedDict):
    title: NotRequired[str]
    states: NotRequired[tuple[str, ...]]
    absent: NotRequired[str]
    aws: NotRequired[AwsMetric | None]
    cloudwatch: NotRequired[Published | None]
    lowest_counts: NotRequired[bool]
    on_request: NotRequired[bool]
    rare: NotRequired[bool]


def gauge(
    name: str, labels: tuple[str, ...], help: str, unit: str = "", **details: Unpack[_Details]
) -> Metric:
    """A value that goes up and down."""
    return _added(EXPORTED, Metric(name, Kind.GAUGE, help, labels, unit, **details))


def counter(
    name: str, labels: tuple[str, ...], help: str, unit: str = "", **details: Unpack[_Details]
) -> Metric:
    """A total that never falls; its name ends in `_total`."""
    return _added(EXPORTED, Metric(name, Kind.COUNTER, help, labels, unit, **details))


def histogram(
    name: str,
    labels: tuple[str, ...],
    help: str,
    buckets: tuple[float, ...],
    unit: str = "",
    **details: Unpack[_Details],
) -> Metric:
    """A distribution; `buckets` are the upper bounds of its classic buckets."""
    metric = Metric(name, Kind.HISTOGRAM, help, labels, unit, buckets=buckets, **details)
    return _added(EXPORTED, metric)


def info(name: str, labels: tuple[str, ...], help: str, **details: Unpack[_Details]) -> Metric:
    """A constant 1 whose labels hold the facts; its name ends in `_info`."""
    return _added(EXPORTED, Metric(name, Kind.INFO, help, labels, **details))


def recorded(name: str, labels: tuple[str, ...], help: str) -> Metric:
    """A series that a recording rule produces; the collector does not export it."""
    return _added(RECORDED, Metric(name, Kind.GAUGE, help, labels))


def with_labels(labels: tuple[str, ...], kind: Kind) -> tuple[Metric, ...]:
    """The exported metrics of a kind declared so far that have exactly these labels."""
    return tuple(
        metric for metric in EXPORTED.values() if metric.labels == labels and metric.kind is kind
    )


def _added(metrics: dict[str, Metric], metric: Metric) -> Metric:
    if metric.name in metrics:
        raise ValueError(f"metric {metric.name} is declared twice")
    metrics[metric.name] = metric
    return metric
