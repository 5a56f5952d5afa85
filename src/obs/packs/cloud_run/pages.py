"""The page of services on Cloud Run."""

from obs.packs.cloud_run.metrics import SERVICE, CloudRunMetrics
from obs.packs.cloud_run.quantities import CloudRunQuantities
from obs.packs.page import Line, Lines, PackPage, Row, Stat

_CLASSES = ("service_name", "response_code_class")


def page_of(metrics: CloudRunMetrics, of: CloudRunQuantities, *, has_exporter: bool) -> PackPage:
    """The page; `has_exporter`: with what tells whether Google's metrics are read."""
    unread = Lines("unread", "Metrics not read", by=("project_id",))
    return PackPage(
        "cloud_run",
        "Cloud Run",
        "Do the services on Cloud Run answer, in time, and with instances left?",
        [("project_id", metrics.requests), ("service_name", metrics.requests)],
        SERVICE,
        [
            Stat("requests_now", "Requests", of.requests, "Of all services together.", "sum"),
            Stat("errors_now", "Most errors", of.errors, "The worst of all services."),
            Stat("latency_now", "Slowest, 95 %", of.latency, "The slowest of all services."),
            Stat("instances_now", "Instances", of.instances, "Of all services together.", "sum"),
            Stat("memory_now", "Fullest memory", of.memory, "The worst of all services."),
        ],
        [
            Row(
                "Requests",
                [
                    Lines("requests", "Requests", [Line(of.requests)], by=_CLASSES),
                    Lines("errors", "Answered with 5xx"),
                    Lines("latency", "Latency, 95 % are faster"),
                ],
            ),
            Row(
                "Instances",
                [
                    Lines("instances", "Instances"),
                    Lines("cpu", "CPU of the busiest instances"),
                    Lines("memory", "Memory of the fullest instances"),
                    Lines("start", "Start of a new instance, 95 % are faster"),
                    Lines("starts", "Instances started", [Line(of.starts)]),
                    *([unread] if has_exporter else []),
                ],
            ),
        ],
    )
