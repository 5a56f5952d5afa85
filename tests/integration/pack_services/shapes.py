"""Expositions of what cannot run here as they look on a good day; a test then sets what is bad."""

import re
from typing import Final

from tests.integration.pack_services.recorded import Exposition

CADVISOR: Final = {
    "container_cpu_usage_seconds_total": "counter",
    "container_cpu_cfs_periods_total": "counter",
    "container_cpu_cfs_throttled_periods_total": "counter",
    "container_cpu_cfs_throttled_seconds_total": "counter",
    "container_fs_limit_bytes": "gauge",
    "container_fs_usage_bytes": "gauge",
    "container_last_seen": "gauge",
    "container_memory_usage_bytes": "gauge",
    "container_memory_working_set_bytes": "gauge",
    "container_oom_events_total": "counter",
    "container_spec_cpu_period": "gauge",
    "container_spec_cpu_quota": "gauge",
    "container_spec_memory_limit_bytes": "gauge",
    "container_start_time_seconds": "gauge",
}
KUBE_STATE: Final = {
    "kube_pod_container_status_restarts_total": "counter",
    "kube_pod_container_status_last_terminated_reason": "gauge",
    "kube_pod_container_status_waiting_reason": "gauge",
}
RESILIENCE4J: Final = {
    "resilience4j_circuitbreaker_state": "gauge",
    "resilience4j_circuitbreaker_failure_rate": "gauge",
    "resilience4j_circuitbreaker_calls_seconds": "summary",
    "resilience4j_circuitbreaker_not_permitted_calls_total": "counter",
    "resilience4j_retry_calls_total": "counter",
    "resilience4j_ratelimiter_available_permissions": "gauge",
    "resilience4j_ratelimiter_waiting_threads": "gauge",
}
STACKDRIVER: Final = "stackdriver_cloud_run_revision_run_googleapis_com_"
MANAGED: Final = "run_googleapis_com:"
"""How Google's own PromQL begins its names of Cloud Run's metrics."""
LATENCY_BOUNDS: Final = tuple(10 * 1.1**power for power in range(90))
"""Milliseconds: Google's buckets grow by a tenth, and have no bound at 500."""
_UNITS: Final = {
    "request_latencies": "ms",
    "container_startup_latencies": "ms",
    "container_cpu_utilizations": "10^2.%",
    "container_memory_utilizations": "10^2.%",
    "container_billable_instance_time": "s",
}
_GIBIBYTE: Final = 2.0**30


def cloud_run_types(prefix: str) -> dict[str, str]:
    """The types of Cloud Run's metrics, deltas summed up by the exporter."""
    kinds = {
        "request_count": "counter",
        "request_latencies": "histogram",
        "container_instance_count": "gauge",
        "container_cpu_utilizations": "histogram",
        "container_memory_utilizations": "histogram",
        "container_billable_instance_time": "counter",
        "container_startup_latencies": "histogram",
    }
    return {f"{prefix}{name}": kind for name, kind in kinds.items()}


def of_container(metric: str, name: str, **more: str) -> str:
    """A series of a container as cAdvisor labels it."""
    labels = {"id": f"/docker/{name}", "image": f"{name}:1.0", "name": name, **more}
    return _series(metric, labels)


def container(made: Exposition, name: str, now: float) -> None:
    """A container with a core and a gibibyte, of which it uses a fifth and a half, started a day
    ago; beside it the control group that is the whole machine, which has no name or image."""
    values = {
        "container_cpu_cfs_periods_total": 1000.0,
        "container_cpu_cfs_throttled_periods_total": 10.0,
        "container_cpu_cfs_throttled_seconds_total": 1.0,
        "container_last_seen": now,
        "container_memory_usage_bytes": 0.7 * _GIBIBYTE,
        "container_memory_working_set_bytes": 0.5 * _GIBIBYTE,
        "container_oom_events_total": 0.0,
        "container_spec_cpu_period": 100_000.0,
        "container_spec_cpu_quota": 100_000.0,
        "container_spec_memory_limit_bytes": _GIBIBYTE,
        "container_start_time_seconds": now - 86_400,
    }
    for metric, value in values.items():
        made.set(of_container(metric, name), value)
    made.set(of_container("container_cpu_usage_seconds_total", name, cpu="total"), 17_280.0)
    for part, gibibytes in {"limit": 100, "usage": 40}.items():
        disk = of_container(f"container_fs_{part}_bytes", name, device="/dev/vda")
        made.set(disk, gibibytes * _GIBIBYTE)
    made.set('container_memory_working_set_bytes{id="/"}', 8 * _GIBIBYTE)
    made.set('container_cpu_usage_seconds_total{id="/",cpu="total"}', 100_000.0)


def of_pod(metric: str, pod: str, **more: str) -> str:
    """A series of the container `app` of a pod, as the kubelet or kube-state-metrics labels it."""
    return _series(metric, {"namespace": "shop", "pod": pod, "container": "app", **more})


def pod(made: Exposition, name: str, now: float) -> None:
    """A pod whose container is like that of `container` and has never restarted; beside it the sum
    of the pod, which has no container."""
    alone = type(made)(CADVISOR)
    container(alone, name, now)
    for series, value in alone.values():
        metric, _, labels = series.partition("{")
        if f'name="{name}"' in labels:
            kept = dict(re.findall(r'(cpu|device)="([^"]*)"', labels))
            made.set(of_pod(metric, name, **kept), value)
    made.set(of_pod("container_memory_working_set_bytes", name, container=""), _GIBIBYTE)
    made.set(of_pod("kube_pod_container_status_restarts_total", name), 0.0)


def of_host(metric: str, **more: str) -> str:
    """A series of node_exporter."""
    return _series(metric, more)


def host(made: Exposition, now: float) -> None:
    """A host with nothing to complain of, as node_exporter shows it with systemd and a firewall;
    only what faults are made of."""
    disk = {"device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/data"}
    values = {
        of_host("node_boot_time_seconds"): now - 86_400,
        of_host("node_load5"): 1.0,
        of_host("node_memory_MemTotal_bytes"): 8 * _GIBIBYTE,
        of_host("node_memory_MemAvailable_bytes"): 4 * _GIBIBYTE,
        of_host("node_vmstat_pswpin"): 0.0,
        of_host("node_vmstat_oom_kill"): 0.0,
        of_host("node_filefd_allocated"): 1_000.0,
        of_host("node_filefd_maximum"): 100_000.0,
        of_host("node_nf_conntrack_entries"): 1_000.0,
        of_host("node_nf_conntrack_entries_limit"): 10_000.0,
        of_host("node_timex_sync_status"): 1.0,
        of_host("node_timex_maxerror_seconds"): 0.01,
        of_host("node_filesystem_size_bytes", **disk): 100 * _GIBIBYTE,
        of_host("node_filesystem_avail_bytes", **disk): 35 * _GIBIBYTE,
        of_host("node_filesystem_files", **disk): 1_000_000.0,
        of_host("node_filesystem_files_free", **disk): 900_000.0,
        of_host("node_filesystem_readonly", **disk): 0.0,
        of_host("node_systemd_unit_state", name="shop.service", state="failed"): 0.0,
    }
    for cpu in ("0", "1"):
        values[of_host("node_cpu_seconds_total", cpu=cpu, mode="idle")] = 0.8 * now
    for way in ("receive", "transmit"):
        for what, count in {"bytes": 1e9, "packets": 1e6, "errs": 0.0}.items():
            values[of_host(f"node_network_{way}_{what}_total", device="eth0")] = count
    for series, value in values.items():
        made.set(series, value)


def of_revision(metric: str, service: str, **more: str) -> str:
    """A series of Cloud Run; `metric` begins with STACKDRIVER or MANAGED."""
    if metric.startswith(STACKDRIVER):
        own = {"unit": _UNITS.get(metric.removeprefix(STACKDRIVER), "1")}
    else:
        own = {"monitored_resource": "cloud_run_revision"}
    revision = {
        "project_id": "ion",
        "service_name": service,
        "revision_name": f"{service}-00001",
        "configuration_name": service,
        "location": "europe-west1",
    }
    return _series(metric, own | revision | more)


def cloud_run(made: Exposition, service: str, prefix: str = STACKDRIVER) -> None:
    """A service with two instances that answered 1 000 requests, one with 500, in 120 ms."""
    for code, count in {"200": 999.0, "500": 1.0}.items():
        answered = {"response_code": code, "response_code_class": f"{code[0]}xx"}
        made.set(of_revision(f"{prefix}request_count", service, **answered), count)
        latencies = of_revision(f"{prefix}request_latencies", service, **answered)
        made.observe(latencies, 120, LATENCY_BOUNDS, int(count))
    for state, instances in {"active": 2.0, "idle": 0.0}.items():
        made.set(of_revision(f"{prefix}container_instance_count", service, state=state), instances)
    bounds = tuple(each / 100 for each in range(5, 105, 5))
    for metric, share in {"cpu_utilizations": 0.3, "memory_utilizations": 0.5}.items():
        used = of_revision(f"{prefix}container_{metric}", service, container_name=f"{service}-1")
        made.observe(used, share, bounds, 100)
    started = of_revision(f"{prefix}container_startup_latencies", service)
    made.observe(started, 900, LATENCY_BOUNDS, 2)
    made.set(of_revision(f"{prefix}container_billable_instance_time", service), 7200.0)


def breaker_of_java(made: Exposition, name: str, state: str = "closed") -> None:
    """A circuit breaker of resilience4j, with its retries and a rate limiter of the same name."""
    states = ("closed", "open", "half_open", "forced_open", "disabled", "metrics_only")
    for each in states:
        of = {"name": name, "state": each}
        made.set(_series("resilience4j_circuitbreaker_state", of), float(each == state))
    prefix = "resilience4j_circuitbreaker_"
    made.set(_series(f"{prefix}failure_rate", {"name": name}), -1.0)  # until enough calls
    for kind in ("successful", "failed", "ignored"):
        for part in ("count", "sum"):
            made.set(_series(f"{prefix}calls_seconds_{part}", {"name": name, "kind": kind}), 0.0)
    refused = {"name": name, "kind": "not_permitted"}
    made.set(_series(f"{prefix}not_permitted_calls_total", refused), 0.0)
    for result in ("successful", "failed"):
        for tries in ("without_retry", "with_retry"):
            kind_of_retry = {"name": name, "kind": f"{result}_{tries}"}
            made.set(_series("resilience4j_retry_calls_total", kind_of_retry), 0.0)
    made.set(_series("resilience4j_ratelimiter_available_permissions", {"name": name}), 50.0)
    made.set(_series("resilience4j_ratelimiter_waiting_threads", {"name": name}), 0.0)


def _series(metric: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{metric}{{{inner}}}"
