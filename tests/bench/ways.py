"""What a poll of 10 000 consumers costs by each way in: requests, and CPU and memory of both sides.

A real nats-server with 100 streams; run as `python -m tests.bench.ways [consumers]`.
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import nats
from nats.js import JetStreamContext

from obs.clients.http import Http
from obs.sandbox.nats_server import NatsServer
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource

STREAMS = 100
POLLS = 5
ACCOUNTS = {"OMS": {"obs": "secret"}, "SYS": {"sys": "secret"}}
WAYS = ("monitor", "system", "connection")


def main(consumers: int) -> None:
    """Print one line for each way."""
    with tempfile.TemporaryDirectory(prefix="obs-bench-") as name:
        folder = Path(name)
        with NatsServer(folder / "nats", accounts=ACCOUNTS) as server:
            print(f"creating {consumers} consumers on {STREAMS} streams …", flush=True)
            asyncio.run(_fill(server, consumers // STREAMS))
            for way in WAYS:
                _measure(server, NatsSource.model_validate(_source(folder, server, way)), way)


def _source(folder: Path, server: NatsServer, way: str) -> dict[str, Any]:
    password = folder / "password"
    password.write_text("secret\n")
    login: dict[str, Any] = {"servers": [server.url], "password_file": str(password)}
    ways: dict[str, dict[str, Any]] = {
        "monitor": {"monitor": [server.monitor]},
        "system": {"system": login | {"user": "sys"}},
        "connection": {"connection": login | {"user": "obs", "account": "OMS"}},
    }
    return ways[way] | {"timeout": "60s"}


async def _fill(server: NatsServer, each: int) -> None:
    client = await nats.connect(server.url, user="obs", password="secret")
    js = client.jetstream(timeout=30)
    for stream in range(STREAMS):
        await js.add_stream(name=f"S{stream:03}", subjects=[f"s{stream:03}.>"])
        await js.publish(f"s{stream:03}.a", b"x")
        await asyncio.gather(*(_consumer(js, f"S{stream:03}", number) for number in range(each)))
    await client.close()


async def _consumer(js: JetStreamContext, stream: str, number: int) -> None:
    await js.add_consumer(stream, durable_name=f"consumer-{number:05}")


def _measure(server: NatsServer, spec: NatsSource, way: str) -> None:
    with closing(open_cluster("main", spec, time.time)) as cluster:
        before = _resident()
        found = len(cluster.poll().consumers)
        requests = _requests(server)
        times = [_timed(server, cluster.poll) for _ in range(POLLS)]
        asked = (_requests(server) - requests) / POLLS
        grown = _resident() - before
    took, ours, theirs = (median(column) for column in zip(*times, strict=True))
    print(
        f"{way:10} {found} consumers: {took * 1e3:5.0f} ms a poll, "
        f"{ours * 1e3:5.0f} ms CPU here, {theirs * 1e3:5.0f} ms CPU of the server, "
        f"{asked:5.1f} messages or requests to it, {grown:4.0f} MB more here",
        flush=True,
    )


def _timed(server: NatsServer, poll: Callable[[], object]) -> tuple[float, float, float]:
    """Seconds that a poll took, and CPU seconds here and of the server."""
    began, ours, theirs = time.perf_counter(), time.process_time(), _cpu(server)
    poll()
    return (
        time.perf_counter() - began,
        time.process_time() - ours,
        _cpu(server) - theirs,
    )


def _cpu(server: NatsServer) -> float:
    """CPU seconds of the server so far."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _requests(server: NatsServer) -> int:
    """Messages that clients sent to the server, and requests to its monitoring port."""
    with closing(Http(timeout=30)) as http:
        varz = msgspec.json.decode(http.get(f"{server.monitor}/varz"))
    pages = {page: number for page, number in varz["http_req_stats"].items() if page != "/varz"}
    return int(varz["in_msgs"]) + int(sum(pages.values()))


def _resident() -> float:
    """The most memory that this process held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
