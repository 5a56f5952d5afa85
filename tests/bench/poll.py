"""What a poll of many consumers costs the collector, and a scrape after it.

A synthesised /jsz is served by a process of its own, so that only the collector's share is
measured: fetch, decode, judge, render, compress. Every poll finds every consumer changed.
Prints figures; asserts nothing.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.garbage import calm_garbage_collection
from obs.collector.health import SourceHealth
from obs.collector.served import ServedCollector
from obs.sources.nats.monitoring import monitoring_client
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.polled_cluster import PolledCluster
from obs.spec.nats import NatsSource
from obs.spec.sources import Sources
from obs.spec.system import System
from obs.state import open_state
from obs.web.server import serve

INTERVAL = 15.0


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def consumer(number: int, poll: int, *, config: bool) -> dict[str, object]:
    """A consumer that is at work: a third lags, a tenth retries, every number moves."""
    delivered = 1_000_000 + poll * 300 + number % 100
    pending = (number % 3 == 0) * (500 + poll * 7 + number % 50)
    report: dict[str, object] = {
        "stream_name": f"STREAM_{number % 100:03d}",
        "name": f"consumer-{number:06d}",
        "created": "2026-01-01T00:00:00Z",
        "delivered": {
            "consumer_seq": delivered + number % 10,
            "stream_seq": delivered,
            "last_active": stamp(1.79e9 + poll * INTERVAL),
        },
        "ack_floor": {"consumer_seq": delivered - 20, "stream_seq": delivered - 20},
        "num_ack_pending": 5 + (number + poll) % 16,
        "num_redelivered": int(number % 10 == 0),
        "num_waiting": 1,
        "num_pending": pending,
        "ts": stamp(1.79e9 + poll * INTERVAL),
    }
    if config:
        report["config"] = {
            "durable_name": report["name"],
            "ack_policy": "explicit",
            "ack_wait": 30_000_000_000,
            "max_deliver": 3,
            "max_ack_pending": 1000,
            **({"filter_subject": "orders.*"} if number % 4 == 0 else {}),
        }
    return report


def jsz(consumers: int, poll: int, *, config: bool) -> bytes:
    by_stream: dict[int, list[dict[str, object]]] = {number: [] for number in range(100)}
    for number in range(consumers):
        by_stream[number % 100].append(consumer(number, poll, config=config))
    streams = [
        {
            "name": f"STREAM_{number:03d}",
            "created": "2026-01-01T00:00:00Z",
            "cluster": {"leader": "n1"},
            "state": {
                "messages": 500_000,
                "bytes": 500_000_000,
                "first_seq": 500_000 + poll * 300,
                "first_ts": stamp(1.79e9 - 3600 + poll * INTERVAL),
                "last_seq": 1_001_000 + poll * 310,
                "last_ts": stamp(1.79e9 + poll * INTERVAL),
                "consumer_count": len(of_stream),
            },
            "consumer_detail": of_stream,
            **({"config": {"max_age": 3_600_000_000_000, "num_replicas": 1}} if config else {}),
        }
        for number, of_stream in by_stream.items()
    ]
    account = {"name": "APP", "id": "APP", "stream_detail": streams}
    return json.dumps({"server_id": "S", "account_details": [account], "total": 1}).encode()


VARZ = json.dumps({"server_id": "S", "server_name": "n1", "version": "2.15.0"}).encode()


HEALTHZ = b'{"status": "ok"}'


def serve_jsz(consumers: int, polls: int, pipe: Connection) -> None:
    """The server process: gives one poll's answer after the other."""
    with_config = jsz(consumers, 0, config=True)
    without = [jsz(consumers, poll, config=False) for poll in range(1, polls)]
    answers = iter([with_config, *without])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/jsz"):
                body = next(answers)
            else:
                body = VARZ if self.path.startswith("/varz") else HEALTHZ
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send((server.server_port, len(without[0])))
    server.serve_forever()


@contextmanager
def jsz_server(consumers: int, polls: int) -> Iterator[tuple[int, int]]:
    """(port, bytes of an answer)"""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve_jsz, args=(consumers, polls, theirs), daemon=True
    )
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


class SteppedClock(Clock):
    """A wall clock that stands at the poll the server answers next."""

    def __init__(self) -> None:
        self.now = 1.79e9
        self.wall = lambda: self.now


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def measure(consumers: int, polls: int) -> None:
    with jsz_server(consumers, polls) as (port, size), tempfile.TemporaryDirectory() as folder:
        spec = NatsSource(
            monitor=(f"http://127.0.0.1:{port}",),
            discover=False,
            timeout="60s",
            max_consumers=consumers,
            config_every="1d",
        )
        system = System(
            version=1, system="bench", state_dir=folder, sources=Sources(nats={"main": spec})
        )
        clock = SteppedClock()
        health = SourceHealth("main", "nats", True, spec.poll, 120.0)
        state = open_state(Path(folder), lambda reason: None)
        collector = Collector(system, state, [health], [], [], state_errors=Counter(), clock=clock)
        source = cluster_by_http("main", spec, monitoring_client(spec), clock.wall)
        calm_garbage_collection()
        cpu, phases = [], []
        for poll in range(polls):
            clock.now = 1.79e9 + poll * INTERVAL
            begin = time.process_time()
            snapshot = source.poll()
            fetched = time.process_time()
            collector.record_poll(health, snapshot, time.monotonic())
            end = time.process_time()
            cpu.append((end - begin) * 1e3)
            phases.append((fetched - begin) * 1e3)
        settled = cpu[2:]
        print(
            f"{consumers:>7} consumers  answer {size / 1e6:6.1f} MB  poll CPU median "
            f"{statistics.median(settled):7.1f} ms  min {min(settled):7.1f}  max {max(settled):.1f}"
            f"  (fetch and decode {statistics.median(phases[2:]):6.1f})"
            f"  first {cpu[0]:7.1f} ms  resident {resident_megabytes():6.1f} MB"
        )
        asyncio.run(scrapes(collector, health, source))


async def scrapes(collector: Collector, health: SourceHealth, source: PolledCluster) -> None:
    server = await serve(ServedCollector(collector), "127.0.0.1:0")
    headers = {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0"}

    def scrape() -> tuple[float, float, int]:
        request = urllib.request.Request(f"{server.url}metrics", headers=headers)
        begin, begin_cpu = time.perf_counter(), time.process_time()
        with urllib.request.urlopen(request) as answer:
            size = len(answer.read())
        return (time.perf_counter() - begin) * 1e3, (time.process_time() - begin_cpu) * 1e3, size

    times = [await asyncio.to_thread(scrape) for _ in range(6)]
    print(
        f"        scrape, gzip: first after the poll {times[0][0]:.1f} ms, then "
        f"{statistics.median(t for t, _, _ in times[1:]):.1f} ms (client's share included), "
        f"{times[0][2] / 1e6:.2f} MB"
    )
    await server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--polls", type=int, default=12)
    parser.add_argument("--consumers", type=int, nargs="*", default=[100, 10_000, 100_000])
    arguments = parser.parse_args()
    for consumers in arguments.consumers:
        measure(consumers, arguments.polls if consumers <= 10_000 else 6)


if __name__ == "__main__":
    main()
