"""What OpenTelemetry's SDK measures in a service of the tests, served as its Prometheus exporter
gives it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Meter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

MOST_REQUESTS = 20_000
"""After which a load ends by itself."""


@dataclass(frozen=True)
class Telemetry:
    """A meter, the registry that it is exposed by, and host:port of /metrics."""

    meter: Meter
    registry: CollectorRegistry
    target: str


@contextmanager
def telemetry(service: str) -> Iterator[Telemetry]:
    """Metrics of one service; its registry has the process' own (process_…) beside them."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    reader = PrometheusMetricReader(registry=registry)
    provider = MeterProvider([reader], Resource.create({"service.name": service}))
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        target = f"127.0.0.1:{server.server_port}"
        yield Telemetry(provider.get_meter("shop", "1.0"), registry, target)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        provider.shutdown()


@contextmanager
def load(send: Callable[[], object], per_second: float = 50, workers: int = 4) -> Iterator[None]:
    """Calls `send` about so many times a second from `workers` threads, while entered."""
    over = threading.Event()

    def work() -> None:
        for _ in range(MOST_REQUESTS // workers):
            began = time.monotonic()
            send()
            if over.wait(max(0.0, workers / per_second - (time.monotonic() - began))):
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
