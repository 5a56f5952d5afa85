"""A sample of each metric, with names that a system of one's own might have."""

from typing import Final

from obs.catalogue.metric import Kind, Metric

_SPECIAL: Final = {
    "nats": "main",
    "aws": "cloud",
    "source": "main",
    "account": "ORDERS",
    "stream": "ORDERS",
    "consumer": "worker",
    "server": "nats-1",
    "bus": "shop-events",
    "rule": "orders",
    "queue": "orders-dlq",
    "function": "billing",
    "topic": "order-changes",
    "slo": "orders-on-time",
    "slo_service": "shop",
    "slo_object": "ORDERS/worker",
    "window": "1h",
    "reason": "timeout",
    "probe": "edge",
    "target": "api",
    "phase": "connect",
    "quantile": "0.99",
    "version": "0.1.0",
    "job": "node",
    "instance": "10.0.0.7:9100",
    "code": "200",
    "le": "0.5",
    "cpu": "0",
    "mode": "idle",
}
_VALUES: Final = {
    "seconds": "12.5",
    "bytes": "1048576",
    "ratio": "0.98",
    "messages": "42",
    "dollars": "3.07",
    "percent": "12.5",
}


def sample(metric: Metric) -> str:
    """One line of an exposition; labels that every series has (system, environment) left out."""
    labels = ",".join(f'{label}="{_label(label)}"' for label in metric.labels)
    name = f"{metric.name}_count" if metric.kind is Kind.HISTOGRAM else metric.name
    return f"{name}{{{labels}}} {_value(metric)}" if labels else f"{name} {_value(metric)}"


def _label(label: str) -> str:
    return _SPECIAL.get(label, label.rpartition("_")[2])


def _value(metric: Metric) -> str:
    if metric.kind is Kind.INFO or metric.states:
        return "1"
    if "timestamp" in metric.name:
        return "1.7645e+09"
    if metric.kind is not Kind.GAUGE:
        return "1042"
    return _VALUES.get(metric.unit, "1")
