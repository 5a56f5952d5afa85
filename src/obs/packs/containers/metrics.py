"""Metrics of cAdvisor, which the kubelet has too, and of kube-state-metrics."""

from dataclasses import dataclass
from typing import Final

from obs.alerts.quantities import Where, not_equal, not_matching
from obs.catalogue.foreign import counter, gauge
from obs.catalogue.metric import Metric
from obs.packs.containers.settings import Runtime

_LABELS: Final[dict[Runtime, tuple[str, ...]]] = {
    "docker": ("instance", "name"),
    "kubernetes": ("namespace", "pod", "container"),
}
_CHOSEN: Final[dict[Runtime, tuple[Where, ...]]] = {
    "docker": (not_equal("name", ""),),
    "kubernetes": (not_matching("container", "POD|", "POD"),),
}
"""The tree of control groups has those of containers in it, which would count twice."""


@dataclass(frozen=True, slots=True)
class ContainerMetrics:
    """The metrics by the labels of one runtime; `chosen` leaves out what is no container."""

    labels: tuple[str, ...]
    chosen: tuple[Where, ...]
    cpu: Metric
    periods: Metric
    throttled: Metric
    memory: Metric
    memory_limit: Metric
    disk: Metric
    disk_limit: Metric
    started: Metric
    kills: Metric
    restarts: Metric
    last_end: Metric
    waiting: Metric


def metrics_of(runtime: Runtime) -> ContainerMetrics:
    """The metrics of containers that this runtime runs."""
    labels = _LABELS[runtime]
    return ContainerMetrics(
        labels,
        _CHOSEN[runtime],
        counter(
            "container_cpu_usage_seconds_total", labels, "Seconds of CPU that the container used."
        ),
        counter(
            "container_cpu_cfs_periods_total",
            labels,
            "Periods of a tenth of a second in which the container ran; only with a CPU limit.",
        ),
        counter(
            "container_cpu_cfs_throttled_periods_total",
            labels,
            "Periods in which the container had to stop because its CPU limit was used up.",
        ),
        gauge(
            "container_memory_working_set_bytes",
            labels,
            "Memory that the container needs, by which the kernel decides what to kill.",
        ),
        gauge(
            "container_spec_memory_limit_bytes",
            labels,
            "Memory that the container may use; 0 without a limit.",
        ),
        gauge(
            "container_fs_usage_bytes",
            (*labels, "device"),
            "Space that the container's own file system takes.",
        ),
        gauge(
            "container_fs_limit_bytes",
            (*labels, "device"),
            "Size of the host's file system that the container writes to.",
        ),
        gauge("container_start_time_seconds", labels, "Moment at which the container started."),
        counter(
            "container_oom_events_total",
            labels,
            "Processes of the container that were killed for want of memory.",
        ),
        counter(
            "kube_pod_container_status_restarts_total", labels, "Restarts of the pod's container."
        ),
        gauge(
            "kube_pod_container_status_last_terminated_reason",
            (*labels, "reason"),
            "Why the container ended last.",
        ),
        gauge(
            "kube_pod_container_status_waiting_reason",
            (*labels, "reason"),
            "Why the container does not run yet.",
        ),
    )
