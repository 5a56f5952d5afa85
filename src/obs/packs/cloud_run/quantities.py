"""What alerts compare and panels draw of Cloud Run."""

from dataclasses import dataclass
from typing import Final

from obs.alerts.quantities import (
    Percent,
    Percentile,
    Quantity,
    Rate,
    Times,
    Value,
    equals,
)
from obs.alerts.quantities.distributions import part
from obs.catalogue.metric import Metric
from obs.packs.cloud_run.metrics import UNREAD, CloudRunMetrics

WINDOW: Final = 600.0
"""Google writes once a minute, and up to three minutes late."""
METRICS_UNREAD: Final = Value(UNREAD)


@dataclass(frozen=True, slots=True)
class CloudRunQuantities:
    """Of the metrics under one naming."""

    requests: Quantity
    errors: Quantity
    latency: Quantity
    instances: Quantity
    cpu: Quantity
    memory: Quantity
    start: Quantity
    starts: Quantity


def quantities_of(metrics: CloudRunMetrics) -> CloudRunQuantities:
    """The quantities made of these metrics."""
    chosen = metrics.chosen

    def rate(metric: Metric) -> Rate:
        return Rate(metric, WINDOW, chosen)

    def seconds(metric: Metric) -> Quantity:
        return Times(0.001, Percentile(metric, 95, WINDOW, chosen), "seconds")

    def share(metric: Metric) -> Quantity:
        return Times(100, Percentile(metric, 99, WINDOW, chosen), "percent")

    failed = (*chosen, equals("response_code_class", "5xx"))
    return CloudRunQuantities(
        requests=rate(metrics.requests),
        errors=Percent(Rate(metrics.requests, WINDOW, failed), rate(metrics.requests)),
        latency=seconds(metrics.latency),
        instances=Value(metrics.instances, "sum", chosen),
        cpu=share(metrics.cpu),
        memory=share(metrics.memory),
        start=seconds(metrics.start),
        starts=rate(part(metrics.start, "count")),
    )
