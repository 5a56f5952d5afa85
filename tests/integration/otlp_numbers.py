"""The numbers that an OTLP receiver has, as a scrape would have them."""

from tests.integration.collector_process import Scrape, own_labels
from tests.integration.otlp_receivers import Received


def received(receiver: Received) -> Scrape:
    """The last request's numbers by name and labels."""
    found: Scrape = {}
    (origin,) = receiver.requests[-1].resource_metrics
    for metric in (metric for scope in origin.scope_metrics for metric in scope.metrics):
        data = metric.sum if metric.HasField("sum") else metric.gauge
        for point in data.data_points:
            labels = own_labels((a.key, a.value.string_value) for a in point.attributes)
            found[metric.name, labels] = float(getattr(point, str(point.WhichOneof("value"))))
    return found


def starts(receiver: Received) -> dict[str, int]:
    """When the counters of the last request began, by name."""
    (origin,) = receiver.requests[-1].resource_metrics
    return {
        metric.name: metric.sum.data_points[0].start_time_unix_nano
        for scope in origin.scope_metrics
        for metric in scope.metrics
        if metric.HasField("sum") and metric.sum.data_points
    }
