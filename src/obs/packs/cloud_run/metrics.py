"""Metrics of Cloud Run, by the names that Google's own PromQL or stackdriver_exporter give them.

Both have counters of what Google calls deltas, the exporter with --monitoring.aggregate-deltas.
"""

from dataclasses import dataclass
from typing import Final

from obs.alerts.quantities import Where, equals
from obs.catalogue.foreign import counter, gauge, histogram
from obs.catalogue.metric import Metric
from obs.packs.cloud_run.names import PREFIX, REQUESTS, Names

SERVICE: Final = ("project_id", "location", "service_name")
PROJECT: Final = ("project_id",)
_MILLISECONDS: Final = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000)
_SHARES: Final = (0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Bounds for tests: Google's own grow by a tenth, and are not the same for all."""
UNREAD: Final = gauge(
    "stackdriver_monitoring_last_scrape_error",
    PROJECT,
    "Whether stackdriver_exporter failed to read the project's metrics.",
)


@dataclass(frozen=True, slots=True)
class CloudRunMetrics:
    """The metrics under one naming; `chosen` is what queries of them have to select by."""

    requests: Metric
    latency: Metric
    instances: Metric
    cpu: Metric
    memory: Metric
    start: Metric
    chosen: tuple[Where, ...]

    def every(self) -> tuple[Metric, ...]:
        """All of them."""
        return (
            *(self.requests, self.latency, self.instances),
            *(self.cpu, self.memory, self.start),
        )


def metrics_of(names: Names) -> CloudRunMetrics:
    """The metrics by these names."""
    prefix = PREFIX[names]
    # Google's PromQL refuses a metric that several kinds of resources have without it.
    chosen = (equals("monitored_resource", "cloud_run_revision"),) if names == "managed" else ()
    labels = (*SERVICE, *(each.label for each in chosen))
    return CloudRunMetrics(
        counter(
            f"{prefix}{REQUESTS}",
            (*labels, "response_code_class"),
            "Requests that were answered.",
        ),
        histogram(
            f"{prefix}request_latencies",
            labels,
            "Milliseconds until requests were answered.",
            buckets=_MILLISECONDS,
        ),
        gauge(
            f"{prefix}container_instance_count",
            (*labels, "state"),
            "Instances that run, active or idle; none once a service is scaled to zero.",
        ),
        histogram(
            f"{prefix}container_cpu_utilizations",
            labels,
            "Share of their CPU that instances use.",
            buckets=_SHARES,
        ),
        histogram(
            f"{prefix}container_memory_utilizations",
            labels,
            "Share of their memory that instances use.",
            buckets=_SHARES,
        ),
        histogram(
            f"{prefix}container_startup_latencies",
            labels,
            "Milliseconds until new instances were ready.",
            buckets=_MILLISECONDS,
        ),
        chosen,
    )
