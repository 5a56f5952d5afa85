"""Start-up time and memory of `obs collect` as people run it.

Each line is one real process: started, polled a while, asked for its own process metrics.
Prints figures; asserts nothing.
"""

import http.server
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_events import create_oms
from obs.sandbox.nats_server import NatsServer
from tests.bench.poll import jsz_server

POLLS = 14  # of one second each
COUNTS = (100, 10_000)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes whatever is pushed."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def otlp_receiver() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def nats_only(port: int) -> str:
    return f"""
version: 1
system: bench
state_dir: ${{BENCH_STATE}}
sources:
  nats:
    main: {{monitor: ["http://127.0.0.1:{port}"], poll: 1s, config_every: 1d}}
"""


def everything(port: int, aws: str, otlp: str, nats: str) -> str:
    return f"""
version: 1
system: bench
state_dir: ${{BENCH_STATE}}
sources:
  nats:
    main:
      monitor: ["http://127.0.0.1:{port}"]
      poll: 1s
      config_every: 1d
      connection: {{servers: ["{nats}"]}}
  aws:
    cloud: {{region: us-east-1, endpoint_url: "{aws}", poll: 2s, buses: [{{name: oms-events}}]}}
slos:
  - name: delivery
    service: oms
    objective: 99.9
    sli: {{eventbridge: {{source: cloud, bus: oms-events}}}}
outputs:
  otlp: {{endpoint: "{otlp}", every: 2s}}
  cloudwatch: {{source: cloud, namespace: OMS/Events, every: 2s}}
"""


def scraped(url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name.partition("{")[0]: float(value) for name, value in pairs}


def first_scrape(url: str, needed: tuple[str, ...]) -> float:
    """When /metrics first had all the needed families (monotonic seconds)."""
    while True:
        try:
            if set(needed) <= scraped(url).keys():
                return time.monotonic()
        except urllib.error.URLError:
            pass
        time.sleep(0.01)


def measure(name: str, spec: str, needed: tuple[str, ...], port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "obs.yaml")
        file.write_text(spec)
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        command = [sys.executable, "-m", "obs", "collect", "--spec", str(file)]
        begin = time.monotonic()
        process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{port}"],
            env={**os.environ, **keys, "BENCH_STATE": folder},
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            ready = first_scrape(url, needed) - begin
            time.sleep(POLLS)
            values = scraped(url)
        finally:
            process.terminate()
            process.wait()
    resident, cpu = (values[f"process_{n}"] for n in ("resident_memory_bytes", "cpu_seconds_total"))
    print(
        f"{name:<40} first good scrape {ready:5.2f} s  resident {resident / 1e6:6.1f} MB"
        f"  CPU {cpu:5.2f} s in {POLLS} s of polls each second"
    )


def free_port() -> int:
    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        return server.server_port


def main() -> None:
    lag = "nats_consumer_lag_messages"
    for consumers in COUNTS:
        with jsz_server(consumers, 3 * POLLS) as (port, _):
            measure(f"NATS only, {consumers} consumers", nats_only(port), (lag,), free_port())
    with (
        jsz_server(100, 3 * POLLS) as (port, _),
        AwsEmulator() as aws,
        otlp_receiver() as otlp,
        tempfile.TemporaryDirectory() as folder,
        NatsServer(Path(folder)) as nats,
    ):
        create_oms(aws.endpoint_url)
        spec = everything(port, aws.endpoint_url, otlp, nats.url)
        needed = (lag, "eventbridge_invocations_total")
        measure("everything on, 100 consumers", spec, needed, free_port())


if __name__ == "__main__":
    main()
