"""The pack of HTTP services on real data: OpenTelemetry's SDK under load, and classic names."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Thread

import pytest

from obs.sandbox.prometheus import prometheus_binary
from tests.integration.collector_process import CollectorProcess, key
from tests.integration.pack_services.drilling import queries, quick_rules
from tests.integration.pack_services.http_service import HttpService, http_service
from tests.integration.pack_services.recorded import Exposition, exposition
from tests.integration.pack_services.telemetry import load
from tests.integration.pack_services.watching import Watching, watching
from tests.integration.waiting import eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        prometheus_binary() is None or shutil.which("promtool") is None,
        reason="no Prometheus is installed",
    ),
]

MINUTE, HOUR = 60, 3600
SYSTEM = """version: 1
system: {system}
sources: {{prometheus: {{metrics: {{url: "{url}"}}}}}}
packs:
  http-service:
    source: metrics
    availability: 99.9
    latency: {{objective: 99, below: 500ms}}
    {more}
alerts: {{HttpServiceRequestsPileUp: {{above: 3}}}}
"""
OTEL = "where: {job: shop}\n    ignore: [/healthz, /readyz]"
CLASSIC = """where: {job: classic}
    histogram: http_request_duration_seconds
    status: code
    route: handler
    active: http_requests_in_flight"""
CLASSIC_NAMES = {
    "http_request_duration_seconds": "histogram",
    "http_requests_in_flight": "gauge",
    "process_cpu_seconds_total": "counter",
    "process_open_fds": "gauge",
    "process_max_fds": "gauge",
    "process_resident_memory_bytes": "gauge",
}
IDLE = {
    "http_requests_in_flight": 2,
    "process_cpu_seconds_total": 1,
    "process_max_fds": 100,
    "process_open_fds": 10,
    "process_resident_memory_bytes": 5e7,
}
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # those of Go's client


@dataclass
class Rigs:
    """What runs, the Prometheus that scrapes it, and a collector that starts meanwhile."""

    prometheus: Watching
    shop: HttpService
    classic: Exposition
    otel_spec: Path
    classic_spec: Path
    collector: CollectorProcess
    starting: Thread


def past(end: int) -> str:
    """Two hours of a service, 100 requests a scrape: 2 % fail and 4 % are slow, an hour long."""
    route = 'job="shop",instance="before",http_route="/orders/{order_id}"'
    lines: dict[str, list[str]] = {}
    fast = slow = failed = 0
    for at in range(end - 2 * HOUR, end + 15, 15):
        for status, all_, in_time in ((200, fast + slow, fast), (500, failed, failed)):
            labels = f'{route},http_response_status_code="{status}"'
            for series, value in (
                (f"_count{{{labels}}}", all_),
                (f'_bucket{{{labels},le="0.5"}}', in_time),
            ):
                line = f"http_server_request_duration_seconds{series} {value} {at}"
                lines.setdefault(series, []).append(line)
        is_bad = at >= end - HOUR
        failed += 2 * is_bad
        slow += 4 * is_bad
        fast += 94 if is_bad else 100
    return "\n".join([*chain.from_iterable(lines.values()), "# EOF", ""])


def remember(folder: Path, end: int) -> None:
    """Give the Prometheus of this folder its past."""
    file = folder / "past.openmetrics"
    file.write_text(past(end))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, file, folder / "watching"], check=True, capture_output=True)


def spec(path: Path, url: str, more: str) -> Path:
    path.write_text(SYSTEM.format(system=path.stem, url=url, more=more))
    return path


@pytest.fixture(scope="module")
def rigs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rigs]:
    folder = tmp_path_factory.mktemp("http")
    nowhere = "http://127.0.0.1:1"  # what is built does not depend on it
    otel_spec = spec(folder / "otel.yaml", nowhere, OTEL)
    classic_spec = spec(folder / "classic.yaml", nowhere, CLASSIC)
    for each in (otel_spec, classic_spec):
        built = quick_rules(folder / each.stem, each).parent
        shutil.copy(built / f"{each.stem}-http-service.yaml", folder / f"{each.stem}.rules")
    end = int(time.time()) // MINUTE * MINUTE - MINUTE
    remember(folder, end)
    with ExitStack() as stack:
        shop = stack.enter_context(http_service("shop"))
        classic = stack.enter_context(exposition(CLASSIC_NAMES))
        for path in ("/orders/1", "/nothing", "/healthz"):
            shop.limited = path.startswith("/orders")
            shop.get(path)
        shop.limited = False
        requests(classic, {"200": 1})
        for name, value in IDLE.items():
            classic.set(name, value)
        targets = {"shop": shop.target, "classic": classic.target}
        prometheus = stack.enter_context(
            watching(folder, targets, rules=str(folder / "*.rules"), every="500ms")
        )
        measuring = collector(folder, prometheus.url, end)
        starting = Thread(target=measuring.start)
        starting.start()
        stack.callback(measuring.kill)
        stack.callback(starting.join)
        begin_anew(classic, prometheus)
        yield Rigs(prometheus, shop, classic, otel_spec, classic_spec, measuring, starting)


def collector(folder: Path, url: str, now: int) -> CollectorProcess:
    """One for which the past of this Prometheus has just ended."""
    made = CollectorProcess(
        folder / "collector",
        {
            "version": 1,
            "system": "shop",
            "state_dir": str(folder / "state"),
            "sources": {"prometheus": {"metrics": {"url": url, "poll": "500ms", "delay": "0s"}}},
            "packs": {
                "http-service": {
                    "source": "metrics",
                    "where": {"job": "shop"},
                    "availability": 99.9,
                    "latency": {"objective": 99, "below": "500ms"},
                }
            },
            "outputs": {"web": {"listen": "127.0.0.1:0"}},
        },
    )
    made.clock.shift = now + 1 - time.time()
    return made


def full(prometheus: Watching, of: Path) -> bool:
    """Whether every query of every panel of the page has a value."""
    lacking = {
        title
        for title, promql in queries(of, "http-service")
        if not any(value == value for _, value in prometheus.query(promql))
    }
    return not lacking


def requests(classic: Exposition, of: dict[str, int]) -> None:
    """Add requests, by their status."""
    for code, times in of.items():
        series = f'http_request_duration_seconds{{code="{code}",handler="/orders",method="post"}}'
        classic.observe(series, 0.02, BOUNDS, times)


def begin_anew(classic: Exposition, prometheus: Watching) -> None:
    """Requests, and then a new process, which has had none and so has no series of them."""
    requests(classic, {"200": 200})
    eventually(lambda: prometheus.query("http_request_duration_seconds_count > 200"))
    labels = 'code="200",handler="/orders",method="post"'
    for part in ("count", "sum"):
        classic.remove(f"http_request_duration_seconds_{part}{{{labels}}}")
    for bound in (*(f"{bound:g}" for bound in BOUNDS), "+Inf"):
        classic.remove(f'http_request_duration_seconds_bucket{{{labels},le="{bound}"}}')


def firing(prometheus: Watching, job: str) -> set[str]:
    alerts = prometheus.query(f'ALERTS{{alertstate="firing",job="{job}"}}')
    return {labels["alertname"] for labels, _ in alerts}


def test_the_service_under_load_fills_every_panel_and_fires_and_resolves(rigs: Rigs) -> None:
    shop, prometheus = rigs.shop, rigs.prometheus
    expected = {"HttpServiceErrorsHigh", "HttpServiceSlow", "HttpServiceRequestsPileUp"}
    shop.failing, shop.slow = 2, 0.6
    with load(shop.order, per_second=80, workers=8):
        eventually(lambda: firing(prometheus, "shop") == expected)
        eventually(lambda: full(prometheus, rigs.otel_spec))
        shop.failing, shop.slow = 0, 0.0
        eventually(lambda: not firing(prometheus, "shop"))


def test_names_of_a_client_library_of_ones_own_fill_the_same_page(rigs: Rigs) -> None:
    """A new process gets no requests; then they come, and some fail."""
    classic, prometheus = rigs.classic, rigs.prometheus
    eventually(lambda: firing(prometheus, "classic") == {"HttpServiceNoTraffic"})
    classic.set("process_open_fds", 90)

    def go_on() -> bool:
        classic.add("process_cpu_seconds_total", 0.1)
        requests(classic, {"200": 50, "302": 5, "404": 5, "429": 5, "500": 5})
        told = firing(prometheus, "classic")
        return told == {"HttpServiceErrorsHigh", "HttpServiceFilesHigh"}

    eventually(go_on)
    eventually(lambda: full(prometheus, rigs.classic_spec))


def test_the_slos_of_two_lines_burn_as_the_service_failed(rigs: Rigs) -> None:
    failed, slow = 2 / 100, 4 / 98
    expected = {
        key("slo_burn_rate", slo=f"http-{name}", slo_service="shop", window=window): burn
        for name, burn in (("availability", failed / 0.001), ("latency", slow / 0.01))
        for window in ("5m", "1h")
    }
    rigs.starting.join()
    rigs.collector.until(
        lambda scrape: (
            {each: scrape.get(each) for each in expected} == pytest.approx(expected, rel=1e-6)
        )
    )
