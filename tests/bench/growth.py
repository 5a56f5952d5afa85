"""How far collectors go: 100 000 consumers on one, a million over ten shards.

`python -m tests.bench.growth` prints the figures of docs/growing.md. A synthesised cluster is
served by a process of its own; each collector runs in a fresh process and takes its polls in
process, one after the other, so that what is measured is its own CPU and memory: fetch, decode,
judge, render, compress. Every poll finds every consumer changed. The shards of the million run one
after the other. Needs about 4 GB of memory; prints figures, asserts nothing.
"""

import argparse
import asyncio
import gzip
import multiprocessing
import statistics
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from obs.collector.collector import Collector
from obs.collector.garbage import calm_garbage_collection
from obs.collector.health import SourceHealth
from obs.collector.served import ServedCollector
from obs.sources.nats.monitoring import monitoring_client
from obs.sources.nats.opened import cluster_by_http
from obs.spec.nats import NatsSource
from obs.spec.shard import Shard
from obs.spec.sharding import of_shard
from obs.spec.sources import Sources
from obs.spec.system import System
from obs.state import open_state
from obs.web.server import serve
from tests.bench.growth_cluster import serving
from tests.bench.poll import INTERVAL, SteppedClock

POLLS: Final = 4
"""The first with settings and the second, after which everything has been seen once, do not
count."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One collector: consumers, series, seconds of CPU a poll, megabytes in the end and at most,
    seconds of CPU and bytes of a scrape, as it is sent and unpacked."""

    consumers: int
    series: int
    poll: float
    resident: float
    peak: float
    scrape: float
    sent: int
    unpacked: int


def _measure(
    port: int, servers: int, run: str, shard: Shard | None, most: int, pipe: Connection
) -> None:
    """In a process of its own, so that its memory is that of one collector."""
    urls = tuple(f"http://127.0.0.1:{port}/{run}/{server}" for server in range(servers))
    spec = NatsSource(
        monitor=urls,
        discover=False,
        collect=("servers",),
        timeout="10m",
        max_consumers=most,
        config_every="1d",
    )
    with tempfile.TemporaryDirectory() as folder:
        whole = System(
            version=1, system="bench", state_dir=folder, sources=Sources(nats={"main": spec})
        )
        system = of_shard(whole, shard)
        mine = system.sources.nats["main"]
        clock = SteppedClock()
        health = SourceHealth("main", "nats", True, mine.poll, 120.0)
        state = open_state(Path(system.state_dir), lambda reason: None)
        collector = Collector(system, state, [health], [], [], state_errors=Counter(), clock=clock)
        source = cluster_by_http("main", mine, monitoring_client(mine), clock.wall)
        calm_garbage_collection()
        polls = []
        consumers = 0
        for poll in range(POLLS):
            clock.now = 1.79e9 + poll * INTERVAL
            begin = time.process_time()
            snapshot = source.poll()
            consumers = len(snapshot.consumers)
            collector.record_poll(health, snapshot, time.monotonic())
            del snapshot
            polls.append(time.process_time() - begin)
        scrape, sent, unpacked = asyncio.run(_scraped(collector))
    pipe.send(
        Measured(
            consumers,
            health.series,
            statistics.median(polls[2:]),
            _megabytes("VmRSS"),
            _megabytes("VmHWM"),
            scrape,
            sent,
            unpacked,
        )
    )


async def _scraped(collector: Collector) -> tuple[float, int, int]:
    """The first scrape after a poll: CPU of the collector, and bytes."""
    server = await serve(ServedCollector(collector), "127.0.0.1:0")
    ours, theirs = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(
        target=_read, args=(f"{server.url}metrics", theirs), daemon=True
    )
    reader.start()
    await asyncio.to_thread(ours.recv)
    begin = time.process_time()
    ours.send("go")
    sent, unpacked = await asyncio.to_thread(ours.recv)
    used = time.process_time() - begin
    await server.close()
    return used, sent, unpacked


def _read(url: str, pipe: Connection) -> None:
    pipe.send("ready")
    pipe.recv()
    request = urllib.request.Request(
        url,
        headers={
            "Accept-Encoding": "gzip",
            "Accept": "application/openmetrics-text;version=1.0.0",
        },
    )
    with urllib.request.urlopen(request, timeout=600) as answer:
        body = answer.read()
    pipe.send((len(body), len(gzip.decompress(body))))


def _megabytes(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / 1e6


def measure(port: int, servers: int, shard: Shard | None, most: int) -> Measured:
    """One collector of the cluster at this port."""
    ours, theirs = multiprocessing.Pipe()
    run = f"shard-{shard.number}-of-{shard.of}" if shard else "whole"
    process = multiprocessing.get_context("spawn").Process(
        target=_measure, args=(port, servers, run, shard, most, theirs), daemon=False
    )
    process.start()
    theirs.close()
    try:
        found: Measured = ours.recv()
    finally:
        process.join()
    return found


def line(name: str, of: Measured) -> str:
    return (
        f"{name:<10} {of.consumers:>9,} {of.series:>11,} {of.poll:8.2f} s "
        f"{of.poll / INTERVAL * 100:7.1f} % {of.resident:8.0f} {of.peak:8.0f} {of.scrape:7.2f} s "
        f"{of.sent / 1e6:7.1f} {of.unpacked / 1e6:8.1f}"
    )


HEAD: Final = (
    "collector  consumers      series   CPU a poll  of a core     MB  MB most  scrape  "
    "sent MB  MB text"
)


def arithmetic(consumers: int, series: int) -> Iterator[str]:
    """What receivers need for so many series, by figures that their makers or others published."""
    samples = series / INTERVAL
    day = samples * 86_400
    yield (
        f"{consumers:,} consumers: {series:,} series, {series / consumers:.1f} each; "
        f"{samples:,.0f} samples a second at {INTERVAL:.0f} s, "
        f"{day / 1e9:.2f} thousand million a day"
    )
    yield (
        f"  Prometheus       {series * 8.2e3 / 1e9:8.1f} GB memory (8.2 kB a series), "
        f"{day * 15 * 2 / 1e9:8.0f} GB disk for 15 d (2 bytes a sample)"
    )
    in_memory = 3 * series
    yield (
        f"  Mimir            ingesters {in_memory / 3e5:6.1f} cores, {in_memory / 3e5 * 2.5:6.0f} "
        f"GB memory, {in_memory / 3e5 * 5:6.0f} GB disk (3 copies); distributors "
        f"{samples / 25e3:5.1f} cores, {samples / 25e3:5.1f} GB"
    )
    yield (
        f"  VictoriaMetrics  {series * 1.5e3 / 1e9:8.1f} GB memory (1.5 kB a series), "
        f"{day * 15 * 0.8 / 1e9:8.0f} GB disk for 15 d (0.8 bytes a sample)"
    )


def _cluster(consumers: int, shards: Sequence[Shard | None]) -> Iterator[Measured]:
    with serving(consumers, POLLS) as (port, servers, size):
        print(f"\n{consumers:,} consumers, {servers} servers; a poll reads {size / 1e6:.0f} MB")
        print(HEAD)
        for shard in shards:
            one = measure(port, servers, shard, consumers)
            print(line(f"{shard}" if shard else "all", one), flush=True)
            yield one


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=int, default=100_000, help="consumers of one collector")
    parser.add_argument("--many", type=int, default=1_000_000, help="consumers over the shards")
    parser.add_argument("--shards", type=int, default=10)
    given = parser.parse_args()
    alone = [None, *(Shard(1, of) for of in (2, 5, 10))]
    whole, *_ = _cluster(given.one, alone)
    shards = [Shard(number, given.shards) for number in range(1, given.shards + 1)]
    found = list(_cluster(given.many, shards))
    series, consumers = sum(each.series for each in found), sum(each.consumers for each in found)
    print(
        f"{'together':<10} {consumers:>9,} {series:>11,} {sum(x.poll for x in found):8.2f} s "
        f"   largest shard {max(x.consumers for x in found) / (consumers / len(found)):.2f} of "
        f"the mean\n"
    )
    print("\n".join([*arithmetic(whole.consumers, whole.series), *arithmetic(consumers, series)]))


if __name__ == "__main__":
    main()
