"""Metrics of the running process and its Python, as prometheus-client collects them."""

from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import Metric as Collected

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, RowCache

_SUFFIXES: Final = {"counter": "_total", "gauge": ""}


class ProcessMetrics:
    """The process_* and python_* families. `proc` is where procfs is mounted."""

    def __init__(self, proc: str = "/proc") -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(proc=proc, registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._cache = RowCache()

    def families(self) -> tuple[Family, ...]:
        """The current families; without process_* where there is no procfs."""
        return tuple(self._family(each) for each in self._registry.collect() if each.samples)

    def _family(self, collected: Collected) -> Family:
        metric = _metric(collected)
        samples = [sample for sample in collected.samples if sample.name == metric.name]
        labels = [tuple(sample.labels[name] for name in metric.labels) for sample in samples]
        rows = self._cache.rows(metric.name, labels)
        return Family(metric, rows, [sample.value for sample in samples])


def _metric(collected: Collected) -> Metric:
    labels = tuple(collected.samples[0].labels)
    if collected.name.endswith("_info"):
        return Metric(collected.name, Kind.INFO, collected.documentation, labels)
    name = collected.name + _SUFFIXES[collected.type]
    unit = next((u for u in ("seconds", "bytes") if collected.name.endswith(f"_{u}")), "")
    return Metric(name, Kind(collected.type), collected.documentation, labels, unit)
