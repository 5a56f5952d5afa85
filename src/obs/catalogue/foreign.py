"""Metrics of other exporters, which packs read: obs exports none of them.

Their labels are those that tell objects apart or that a rule selects by, not all that they have.
"""

from typing import Final

from obs.catalogue.metric import Kind, Metric

USUAL_BUCKETS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10,
)
"""Upper bounds in seconds that OpenTelemetry advises for the duration of requests."""


def gauge(
    name: str, labels: tuple[str, ...], help: str, *, title: str = "", unit: str = ""
) -> Metric:
    """A value of another exporter that goes up and down."""
    return Metric(name, Kind.GAUGE, help, labels, unit, title, foreign=True)


def counter(
    name: str, labels: tuple[str, ...], help: str, *, title: str = "", unit: str = ""
) -> Metric:
    """A total of another exporter, whether or not its name ends in `_total`."""
    return Metric(name, Kind.COUNTER, help, labels, unit, title, foreign=True)


def histogram(
    name: str,
    labels: tuple[str, ...],
    help: str,
    *,
    title: str = "",
    unit: str = "",
    buckets: tuple[float, ...] = USUAL_BUCKETS,
) -> Metric:
    """A distribution of another exporter, as classic buckets with these upper bounds."""
    return Metric(name, Kind.HISTOGRAM, help, labels, unit, title, buckets=buckets, foreign=True)


UP: Final = gauge(
    "up", ("job", "instance"), "Whether Prometheus could scrape a target, 1, or not, 0."
)
"""Prometheus' own, of every exporter that it scrapes."""
