"""prometheus-nats-exporter and obs, turn about on one nats-server: CPU, latency, bytes, memory.

`make bench-peers` (or `python -m tests.bench.peers`) needs the exporter, of which nothing is in
this repository: a binary in $NATS_EXPORTER, or its sources in $NATS_EXPORTER_SOURCE, which Go
builds into a temporary folder.

A turn starts one of the two afresh and scrapes it as Prometheus does, so often; between scrapes a
message goes into each stream, so that every consumer's numbers change. CPU is that of the
processes, so other work on the machine hardly changes it. The exporter asks the server at each
scrape; obs polls as often as it is scraped, and reads settings at every 20th poll, as in practice.
Prints figures; asserts nothing.
"""

import argparse
import asyncio
import gzip
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import nats
import yaml
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StorageType, StreamConfig

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import Process, free_ports

STREAMS: Final = 20
WARM: Final = 3
"""Scrapes before any counts."""
READ_SETTINGS_AT: Final = 20
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ASKED: Final = {
    "Accept-Encoding": "gzip",
    "Accept": "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3",
}
_FLAGS: Final = ("-varz", "-healthz", "-accstatz", "-jsz=all")
"""What obs collects of such a server too."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: milliseconds of CPU a round of the program and of nats-server, milliseconds from
    request to the last byte, bytes sent and unpacked, series, megabytes in the end and at most.
    `polls`: how often it asked the server in a round."""

    own_cpu: float
    server_cpu: float
    latency: float
    sent: int
    unpacked: int
    series: int
    resident: float
    peak: float
    polls: float

    @property
    def cpu(self) -> float:
        """Of both."""
        return self.own_cpu + self.server_cpu


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def megabytes(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / 1e6


def scrape(url: str) -> tuple[float, int, bytes]:
    """Milliseconds, bytes sent, and the text."""
    begin = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, headers=_ASKED), timeout=60) as answer:
        body = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    took = (time.perf_counter() - begin) * 1e3
    return took, len(body), gzip.decompress(body) if packed else body


def polls_told(text: bytes) -> float | None:
    """Polls since the start, by a program that tells them; the exporter asks at each scrape."""
    lines = (line for line in text.splitlines() if line.startswith(b"obs_source_polls_total{"))
    return next((float(line.rpartition(b" ")[2]) for line in lines), None)


class Traffic:
    """Streams with consumers, and a message into each stream when asked for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.Runner()
        self._client: Client | None = None

    def fill(self, consumers: int) -> None:
        self._loop.run(self._fill(consumers))

    def publish(self) -> None:
        self._loop.run(self._publish())

    def close(self) -> None:
        if self._client is not None:
            self._loop.run(self._client.close())
        self._loop.close()

    async def _fill(self, consumers: int) -> None:
        self._client = await nats.connect(self._url)
        js = self._client.jetstream(timeout=60)
        for number in range(STREAMS):
            config = StreamConfig(
                f"STREAM_{number:03d}", subjects=[f"s.{number}"], storage=StorageType.MEMORY
            )
            await js.add_stream(config)
        at_once = asyncio.Semaphore(50)

        async def add(number: int) -> None:
            async with at_once:
                config = ConsumerConfig(durable_name=f"consumer-{number:06d}", mem_storage=True)
                await js.add_consumer(f"STREAM_{number % STREAMS:03d}", config)

        await asyncio.gather(*(add(number) for number in range(consumers)))
        await self._publish()

    async def _publish(self) -> None:
        assert self._client is not None
        for number in range(STREAMS):
            await self._client.publish(f"s.{number}", b"one more")
        await self._client.flush(60)


@contextmanager
def obs_running(monitor: str, every: float, folder: Path) -> Iterator[tuple[Process, str]]:
    (port,) = free_ports(1)
    source = {
        "monitor": [monitor],
        "discover": False,
        "poll": f"{every:g}s",
        "config_every": f"{READ_SETTINGS_AT * every:g}s",
        "timeout": "30s",
    }
    spec = {
        "version": 1,
        "system": "bench",
        "state_dir": str(folder / "state"),
        "sources": {"nats": {"main": source}},
    }
    (folder / "obs.yaml").write_text(yaml.safe_dump(spec))
    command = [sys.executable, "-m", "obs", "collect", "--spec", str(folder / "obs.yaml")]
    process = Process([*command, "--listen", f"127.0.0.1:{port}"], folder / "obs.log")
    with _running(process):
        yield process, f"http://127.0.0.1:{port}/metrics"


@contextmanager
def exporter_running(binary: Path, monitor: str, folder: Path) -> Iterator[tuple[Process, str]]:
    (port,) = free_ports(1)
    at = ("-a", "127.0.0.1", "-p", str(port))
    process = Process([str(binary), *at, *_FLAGS, monitor], folder / "exporter.log")
    with _running(process):
        yield process, f"http://127.0.0.1:{port}/metrics"


@contextmanager
def _running(process: Process) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        process.stop()


def until_shown(process: Process, url: str, consumers: int) -> None:
    """Scrape until every consumer is there."""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            if scrape(url)[2].count(b"consumer_num_pending{") >= consumers:
                return
            if scrape(url)[2].count(b"nats_consumer_lag_messages{") >= consumers:
                return
        except OSError:
            if not process.alive:
                raise
        time.sleep(0.5)
    raise SystemExit(f"{url} does not show {consumers} consumers")


def measured(
    process: Process, url: str, server: int, traffic: Traffic, every: float, many: tuple[int, int]
) -> Turn:
    """One turn of so many rounds, each with so many scrapers."""
    rounds, scrapers = many
    own_pid = process.pid
    assert own_pid is not None
    latencies: list[float] = []
    sent, text, polls = 0, b"", None
    begun, before = time.monotonic(), (0.0, 0.0)
    for number in range(-WARM, rounds):
        if number == 0:
            latencies.clear()
            before = cpu_seconds(own_pid), cpu_seconds(server)
        traffic.publish()
        for _ in range(scrapers):
            took, sent, text = scrape(url)
            latencies.append(took)
        if number == 0:
            polls = polls_told(text)
        time.sleep(max(begun + (number + WARM + 1) * every - time.monotonic(), 0.0))
    own, of_server = cpu_seconds(own_pid) - before[0], cpu_seconds(server) - before[1]
    return Turn(
        own / rounds * 1e3,
        of_server / rounds * 1e3,
        statistics.median(latencies),
        sent,
        len(text),
        sum(1 for line in text.splitlines() if line and not line.startswith(b"#")),
        megabytes(own_pid, "VmRSS"),
        megabytes(own_pid, "VmHWM"),
        scrapers if polls is None else ((polls_told(text) or 0.0) - polls) / (rounds - 1),
    )


def compare(
    binary: Path, consumers: int, turns: int, rounds: int, scrapers: Sequence[int]
) -> dict[tuple[str, int], list[Turn]]:
    """The turns of each program, by how many scrape it."""
    found: dict[tuple[str, int], list[Turn]] = {}
    every = 1.0 if consumers <= 1_000 else 4.0
    with tempfile.TemporaryDirectory(prefix="obs-peers-") as name:
        folder = Path(name)
        server = NatsServer(folder / "nats")
        with _served(server):
            traffic = Traffic(server.url)
            traffic.fill(consumers)
            pid = server.process.pid
            assert pid is not None
            for turn in range(turns):
                for many in scrapers:
                    with exporter_running(binary, server.monitor, folder) as (process, url):
                        until_shown(process, url, consumers)
                        one = measured(process, url, pid, traffic, every, (rounds, many))
                        found.setdefault(("exporter", many), []).append(one)
                    with obs_running(server.monitor, every, _fresh(folder, turn, many)) as (
                        process,
                        url,
                    ):
                        until_shown(process, url, consumers)
                        one = measured(process, url, pid, traffic, every, (rounds, many))
                        found.setdefault(("obs", many), []).append(one)
            traffic.close()
    return found


@contextmanager
def _served(server: NatsServer) -> Iterator[None]:
    server.start(60)
    try:
        server.process.wait_until(server.healthy, 60)
        yield
    finally:
        server.stop()


def _fresh(folder: Path, turn: int, many: int) -> Path:
    own = folder / f"obs-{turn}-{many}"
    own.mkdir()
    return own


def table(consumers: int, found: dict[tuple[str, int], list[Turn]]) -> Iterator[str]:
    """The medians of the turns, and of both programs beside each other."""
    for (name, many), turns in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        mid = {
            field: statistics.median(getattr(turn, field) for turn in turns)
            for field in Turn.__dataclass_fields__
        }
        total = [turn.cpu for turn in turns]
        yield (
            f"{consumers:>7} {many:>8} {name:<9} {mid['own_cpu']:8.1f} {mid['server_cpu']:8.1f} "
            f"{statistics.median(total):8.1f} ({min(total):.0f}-{max(total):.0f})".ljust(68)
            + f"{mid['latency']:9.1f} {mid['sent'] / 1e3:9.1f} {mid['unpacked'] / 1e3:10.1f} "
            f"{mid['series']:8.0f} {mid['resident']:8.1f} {mid['peak']:8.1f} {mid['polls']:6.2f}"
        )
    for many in sorted({many for _, many in found}):
        ours, theirs = found["obs", many], found["exporter", many]
        cpu = _ratio([t.cpu for t in ours], [t.cpu for t in theirs])
        memory = _ratio([t.resident for t in ours], [t.resident for t in theirs])
        yield f"{consumers:>7} {many:>8} obs / exporter: CPU {cpu:.2f}, memory {memory:.2f}"


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(ours) / statistics.median(theirs)


def built(source: Path, folder: Path) -> Path:
    """The exporter, built from its sources. Raises CalledProcessError."""
    go = shutil.which("go") or "/usr/local/go/bin/go"
    binary = folder / "prometheus-nats-exporter"
    subprocess.run([go, "build", "-o", str(binary), "."], cwd=source, check=True)
    return binary


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exporter", type=Path, default=os.environ.get("NATS_EXPORTER"))
    parser.add_argument("--source", type=Path, default=os.environ.get("NATS_EXPORTER_SOURCE"))
    parser.add_argument("--consumers", type=int, nargs="*", default=[100, 1_000, 10_000])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=READ_SETTINGS_AT)
    parser.add_argument("--scrapers", type=int, nargs="*", default=[1, 2])
    given = parser.parse_args()
    if given.exporter is None and given.source is None:
        print("skipped: NATS_EXPORTER names no binary, and NATS_EXPORTER_SOURCE no sources")
        return
    with tempfile.TemporaryDirectory(prefix="obs-exporter-") as folder:
        binary = given.exporter or built(given.source, Path(folder))
        print(
            "                               CPU, ms a round                        median\n"
            "consum. scrapers           own   server     both (of turns)         ms     sent kB"
            "        kB   series   MB end  MB most  polls"
        )
        for consumers in given.consumers:
            found = compare(binary, consumers, given.turns, given.rounds, given.scrapers)
            print("\n".join(table(consumers, found)), flush=True)


if __name__ == "__main__":
    main()
