"""NATS servers that are sick beside a healthy one, name strangers, or report dead letters without
end."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import nats
from nats.aio.client import Client

from obs.sandbox.nats_server import NatsServer
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.collector_process import CollectorProcess, key, spec_of

_POLLS: Final = 4
_ADVISORY: Final = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES"
Answer = Callable[[socket.socket, str], None]


@contextmanager
def _sick(answer: Answer) -> Iterator[str]:
    """A monitoring port that does with each connection and path what `answer` does; its URL."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError, IndexError):
            while request := connection.recv(65536):
                answer(connection, request.split(b" ")[1].decode())

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection = listening.accept()[0]
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


def _hang(_: socket.socket, __: str) -> None:
    time.sleep(60)


def _drip(connection: socket.socket, _: str) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 300:
        connection.sendall(bytes([byte]))
        time.sleep(0.3)


def _send(connection: socket.socket, document: object) -> None:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


def _member_that_hangs(connection: socket.socket, path: str) -> None:
    """Says who it is, and nothing else."""
    if not path.startswith("/varz"):
        return _hang(connection, path)
    return _send(connection, {"server_id": "X", "server_name": "x", "cluster": {"name": "C"}})


def _names_hosts(connection: socket.socket, path: str) -> None:
    """A healthy server that names 200 hosts, all of which lead to one that hangs."""
    if path.startswith("/varz"):
        urls = [f"127.0.{n // 100 + 1}.{n % 100 + 1}:6222" for n in range(200)]
        cluster = {"name": "C", "urls": urls}
        return _send(connection, {"server_id": "A", "server_name": "a", "cluster": cluster})
    if path.startswith("/routez"):
        return _send(connection, {"routes": []})
    return _send(connection, {"server_id": "A", "status": "ok"})


@contextmanager
def _collector(folder: Path, **source: object) -> Iterator[CollectorProcess]:
    collector = CollectorProcess(folder / "obs", spec_of(folder, nats=source))
    try:
        yield collector.start(ready=False)
    finally:
        collector.kill()


def _outcome(collector: CollectorProcess, *, wrong: str = "") -> Outcome:
    """Time for some polls, and that it ends when told to."""
    pid = collector.process.pid
    assert pid is not None
    before, lines = resident_mb(pid), len(collector.log.splitlines())
    forget_peak(pid)
    begun = time.monotonic()
    collector.polls("nats", _POLLS)
    took = time.monotonic() - begun
    memory = peak_mb(pid) - before
    begun = time.monotonic()
    collector.stop()
    stopped = time.monotonic() - begun
    written = len(collector.log.splitlines()) - lines
    if stopped > 5:
        wrong = wrong or f"it ended {stopped:.0f} s after SIGTERM"
    return Outcome(memory, took, written, f"{_POLLS} more polls in {took:.1f} s", wrong)


def _beside(*answers: Answer) -> Callable[[Path], Outcome]:
    def run(folder: Path) -> Outcome:
        with ExitStack() as stack:
            server = stack.enter_context(NatsServer(folder / "n"))
            urls = [server.monitor, *(stack.enter_context(_sick(each)) for each in answers)]
            source = {"monitor": urls, "poll": "200ms", "discover": False}
            collector = stack.enter_context(_collector(folder, **source))
            at = server.monitor.removeprefix("http://")
            up = key("nats_server_up", nats="nats", server=at)
            collector.until(lambda scrape: scrape.get(up) == 1)
            return _outcome(collector)

    return run


def _strangers(folder: Path) -> Outcome:
    with _sick(_names_hosts) as url, _collector(folder, monitor=[url], poll="200ms") as collector:
        collector.polls("nats")
        outcome = _outcome(collector)
        return outcome if "not polled" in collector.log else replace(outcome, wrong="not told")


def _flood(payload: Callable[[int], bytes], a_second: int) -> Callable[[Path], Outcome]:
    def run(folder: Path) -> Outcome:
        with NatsServer(folder / "n") as server:
            connection = {"servers": [server.url]}
            source = {"monitor": [server.monitor], "poll": "500ms", "connection": connection}
            with _collector(folder, **source) as collector:
                collector.until(lambda scrape: any("dropped" in name for name, _ in scrape))
                ends = threading.Event()
                publisher = threading.Thread(
                    target=lambda: asyncio.run(_publish(server.url, payload, a_second, ends))
                )
                publisher.start()
                try:
                    return _outcome(collector)
                finally:
                    ends.set()
                    publisher.join()

    return run


async def _publish(
    url: str, payload: Callable[[int], bytes], a_second: int, ends: threading.Event
) -> None:
    client: Client = await nats.connect(url)
    sent, begun = 0, time.monotonic()
    while not ends.is_set():
        due = int((time.monotonic() - begun) * a_second)
        for number in range(sent, due):
            await client.publish(f"{_ADVISORY}.S.c{number}", payload(number))
        sent = due
        await asyncio.sleep(0.01)
    await client.close()


def _dead_letter(number: int) -> bytes:
    kind = "io.nats.jetstream.advisory.v1.max_deliver"
    advisory = {"type": kind, "id": f"x{number}", "stream": "S", "consumer": f"c{number}"}
    return json.dumps(advisory | {"stream_seq": number, "deliveries": 3}).encode()


def _rubbish(_: int) -> bytes:
    return b"\x00" * 900_000


_LIMITS: Final = Limits(memory_mb=40, seconds=10, log_lines=10)

DRILLS: tuple[Drill, ...] = (
    Drill("one of two NATS servers drips its headers", _LIMITS, _beside(_drip)),
    Drill("two of three NATS servers hang", _LIMITS, _beside(_hang, _member_that_hangs)),
    Drill("a NATS server names 200 strangers", _LIMITS, _strangers),
    Drill("2 000 dead letters a second of ever new consumers", _LIMITS, _flood(_dead_letter, 2000)),
    Drill(
        "100 advisories of 900 kB a second",
        Limits(memory_mb=80, seconds=10, log_lines=10),
        _flood(_rubbish, 100),
        short=False,
    ),
)
