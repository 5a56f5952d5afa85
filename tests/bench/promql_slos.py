"""Many SLOs whose SLI is PromQL, against a real Prometheus: by the collector, by rules, by a peer.

    SLO_GENERATOR=/path/of/slo-generator python -m tests.bench.promql_slos [NUMBER [rules]]
    python -m tests.bench.promql_slos month

A server exports two counters for each SLO. Told are queries, wall time, our own CPU and that of
Prometheus, without what scraping costs, for each evaluation of all SLOs (a minute of each).
Without SLO_GENERATOR the peer is left out. `month`: what one evaluation of the rules of one SLO
costs once 30 days are recorded, of each of its groups, which a new server does not show.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import urlopen

from obs.alerts.slo_rules import slo_groups
from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.clients.prometheus import Prometheus
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.slis.kind import measurement_of
from obs.sources.prometheus.queried_server import QueriedServer
from obs.spec.load import load
from obs.spec.system import System

WARM: Final = int(os.environ.get("WARM", "190"))  # seconds of scrapes before anything is measured
_KEEPS: Final = "--storage.tsdb.retention.time=60d"
LASTS: Final = 120
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one evaluation of all SLOs; seconds."""

    queries: float
    wall: float
    ours: float
    servers: float


class Exporter(BaseHTTPRequestHandler):
    number = 0

    def do_GET(self) -> None:
        now = time.time()
        lines = [
            f'requests_total{{service="s{index}",code="{code}"}} {int(now * rate)}'
            for index in range(self.number)
            for code, rate in (("200", 10), ("500", 0.01))
        ]
        body = "\n".join(["# TYPE requests_total counter", *lines, ""]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def exporter(number: int) -> Iterator[str]:
    handler = type("Numbered", (Exporter,), {"number": number})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def spec(number: int, url: str, engine: str) -> str:
    slos = [
        {
            "name": f"requests-{index}",
            "service": "web",
            "objective": 99.9,
            "engine": engine,
            "sli": {
                "prometheus": {
                    "source": "metrics",
                    "bad": f'requests_total{{service="s{index}",code="500"}}',
                    "total": f'requests_total{{service="s{index}"}}',
                }
            },
        }
        for index in range(number)
    ]
    sources = {"prometheus": {"metrics": {"url": url}}}
    return yaml_text({"version": 1, "system": "shop", "sources": sources, "slos": slos})


def loaded(folder: Path, number: int, url: str, engine: str) -> System:
    file = folder / f"{engine}.yaml"
    file.write_text(spec(number, url, engine))
    return load([file], variables={})


def cpu_of(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def own_cpu(who: int) -> float:
    used = getrusage(who)
    return used.ru_utime + used.ru_stime


class Bench:
    """A Prometheus under way, and what it costs while nothing but scrapes happens."""

    def __init__(self, server: PrometheusProcess) -> None:
        self.url = server.url
        self.pid = server.process.pid
        self.client = Prometheus(server.url)
        self.idle = self._idle()

    def queries(self) -> float:
        total = 'sum(prometheus_http_requests_total{handler=~"/api/v1/query.*"})'
        found = self.client.query(total, time.time())
        return found[0].points[0][1] if found else 0.0

    def cost(self, done: Callable[[], object], who: int) -> Cost:
        began, server, own = time.monotonic(), cpu_of(self.pid), own_cpu(who)
        done()
        wall = time.monotonic() - began
        used = cpu_of(self.pid) - server - self.idle * wall
        return Cost(0, wall, own_cpu(who) - own, used)

    def _idle(self) -> float:
        before = cpu_of(self.pid)
        time.sleep(20)
        return (cpu_of(self.pid) - before) / 20


def by_collector(bench: Bench, system: System) -> tuple[Cost, int]:
    measured = [measurement_of(slo.sli) for slo in system.slos]
    asked = list(dict.fromkeys(query for each in measured for query in each.asked))
    server = QueriedServer(system.sources.prometheus["metrics"], lambda: asked, time.time)
    answered = server.poll()
    assert len(answered.values) == len(asked), answered.rejected
    assert all(answered.values.values())
    return bench.cost(server.poll, RUSAGE_SELF), len(asked)


def by_slo_generator(bench: Bench, folder: Path, number: int, program: str) -> Cost:
    (folder / "slos").mkdir()
    for index in range(number):
        name = f"web-requests-{index}"
        document = {
            "apiVersion": "sre.google.com/v2",
            "kind": "ServiceLevelObjective",
            "metadata": {
                "name": name,
                "labels": {"service_name": "web", "feature_name": "f", "slo_name": name},
            },
            "spec": {
                "description": name,
                "backend": "prometheus",
                "method": "good_bad_ratio",
                "exporters": [],
                "service_level_indicator": {
                    "filter_good": f'requests_total{{service="s{index}",code="200"}}',
                    "filter_bad": f'requests_total{{service="s{index}",code="500"}}',
                },
                "goal": 0.999,
            },
        }
        (folder / "slos" / f"{name}.yaml").write_text(yaml_text(document))
    steps = [
        {
            "name": label,
            "window": seconds,
            "burn_rate_threshold": 1,
            "alert": False,
            "message_alert": "a",
            "message_ok": "b",
        }
        for label, seconds in (("1h", 3600), ("6h", 21600), ("1d", 86400), ("30d", 2592000))
    ]
    config = {
        "backends": {"prometheus": {"url": bench.url}},
        "error_budget_policies": {"default": {"steps": steps}},
        "exporters": {},
    }
    (folder / "config.yaml").write_text(yaml_text(config))
    command = [program, "compute", "-f", str(folder / "slos"), "-c", str(folder / "config.yaml")]

    def run() -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        assert "rror" not in done.stderr or done.stderr.count("SLI:"), done.stderr[-2000:]

    return bench.cost(run, RUSAGE_CHILDREN)


def by_rules(folder: Path, number: int, target: str) -> tuple[Cost, int]:
    """Rules that have run for a few minutes, over minutes of evaluations."""
    system = loaded(folder, number, "http://127.0.0.1:9090", "rules")
    files = build(system, ["prometheus"])
    write(folder / "rules", files)
    rules = Rules(str(folder / "rules/prometheus/slo-rules.yaml"), "127.0.0.1:1")
    with running(folder / "with-rules", target, rules) as server:
        client = Prometheus(server.url)
        time.sleep(WARM)
        began, used = time.monotonic(), cpu_of(server.process.pid)
        time.sleep(LASTS)
        wall, cpu = time.monotonic() - began, cpu_of(server.process.pid) - used
        with urlopen(f"{server.url}/api/v1/rules") as answer:
            groups = json.load(answer)["data"]["groups"]
        count = client.query("count(slo_burn_rate)", time.time())
        print(f"  series of burn rates: {count[0].points[0][1]:.0f}")
        assert not any(rule["health"] == "err" for group in groups for rule in group["rules"])
        seconds = sum(group["evaluationTime"] for group in groups)
    rules_of_one = sum(len(each["rules"]) for each in slo_groups(system)) / number
    return Cost(0, seconds, 0.0, cpu * 60 / wall), int(rules_of_one * number)


def by_queries(folder: Path, number: int, target: str) -> None:
    """The collector and the peer, who ask a server that evaluates nothing itself."""
    with running(folder / "plain", target) as server:
        time.sleep(WARM)
        bench = Bench(server)
        print(f"idle: {60 * bench.idle:.2f} s of CPU a minute")
        system = loaded(folder, number, bench.url, "collector")
        cost, queries = by_collector(bench, system)
        print(f"collector: {queries} queries, {cost}", flush=True)
        if program := os.environ.get("SLO_GENERATOR"):
            cost = by_slo_generator(bench, folder, number, program)
            print(f"slo-generator: {8 * number} queries, {cost}", flush=True)


@contextmanager
def running(
    folder: Path, target: str, rules: Rules | None = None, flags: Sequence[str] = ()
) -> Iterator[PrometheusProcess]:
    folder.mkdir(exist_ok=True)
    binary = prometheus_binary()
    assert binary, "no Prometheus is installed"
    server = PrometheusProcess(binary, folder, target, rules=rules, every=15)
    server.process.argv = (*server.process.argv, *flags)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def month() -> int:
    """Ten evaluations of one SLO's rules, over 30 days of counts that were recorded each minute."""
    minutes, times = 30 * 24 * 60, 10
    at = int(time.time()) // 7200 * 7200 - 7200
    labels = 'slo="requests-0",slo_service="web",environment="production",system="shop"'
    counts = (("slo:events:increase1m", 100), ("slo:bad_events:increase1m", 1))
    past = "".join(
        f"# TYPE {name} gauge\n"
        + "".join(f"{name}{{{labels}}} {value} {at - 60 * i}\n" for i in range(minutes, -1, -1))
        for name, value in counts
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        system = loaded(folder, 1, "http://127.0.0.1:9090", "rules")
        minutely, long = slo_groups(system)
        (folder / "plain" / "prometheus").mkdir(parents=True)
        (folder / "past").write_text(f"{past}# EOF\n")
        command = [
            "promtool",
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "-q",
            "--max-block-duration=72h",
        ]
        subprocess.run([*command, folder / "past", folder / "plain/prometheus"], check=True)
        with running(folder / "plain", "127.0.0.1:1", flags=(_KEEPS,)) as server:
            client, pid = Prometheus(server.url), server.process.pid
            time.sleep(10)  # it loads its blocks
            for group in (minutely, long):
                for rule in group["rules"]:
                    client.query(rule["expr"], at)
                began, wall = cpu_of(pid), time.monotonic()
                for _ in range(times):
                    for rule in group["rules"]:
                        client.query(rule["expr"], at)
                used, wall = cpu_of(pid) - began, time.monotonic() - wall
                took = f"{1000 * used / times:.1f} ms of CPU, {1000 * wall / times:.1f} ms"
                print(f"{group['name']}, every {group['interval']}: one evaluation: {took}")
            windows = client.query(long["rules"][0]["expr"], at)
            assert max(int(each.points[0][1]) for each in windows) == minutes
    return 0


def main() -> int:
    if sys.argv[1:] == ["month"]:
        return month()
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with TemporaryDirectory() as name, exporter(number) as target:
        folder = Path(name)
        if "rules" not in sys.argv:
            by_queries(folder, number, target)
        cost, rules = by_rules(folder, number, target)
        print(f"rules: {rules} rules, {cost}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
