"""Servers that the collector connects to: answers without end, a byte at a time, or without TLS."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from obs.sandbox.nats_server import NatsServer
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.collector_process import CollectorProcess, key, spec_of
from tests.integration.waiting import eventually

_MB: Final = 1 << 20
_SECRET: Final = "pa55word-that-nobody-may-see"
_HEAD: Final = b"HTTP/1.1 200 OK\r\n"
_INFO: Final = b'INFO {"server_id":"A","version":"2.10.0","max_payload":1048576,"headers":true}\r\n'

Talk = Callable[[socket.socket, list[bytes]], None]


@contextmanager
def _peer(talk: Talk) -> Iterator[tuple[str, list[bytes]]]:
    """An address where `talk` has each connection, and what that put into the list."""
    received: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection, received)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection = listening.accept()[0]
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}", received
    finally:
        listening.close()


def _dripping(before: bytes, drop: bytes) -> Talk:
    def talk(connection: socket.socket, _: list[bytes]) -> None:
        connection.recv(65536)
        connection.sendall(before)
        while True:
            time.sleep(0.1)
            connection.sendall(drop)

    return talk


def _endless_body(connection: socket.socket, _: list[bytes]) -> None:
    connection.recv(65536)
    connection.sendall(_HEAD + b"\r\n")
    while True:
        connection.sendall(b" " * _MB)


def _huge_message(connection: socket.socket, asked: list[bytes]) -> None:
    connection.sendall(_INFO)
    asked.append(connection.recv(65536))  # CONNECT and PING
    connection.sendall(b"PONG\r\nMSG x 1 99999999999\r\n")
    while True:
        connection.sendall(b" " * _MB)


def _without_tls(connection: socket.socket, received: list[bytes]) -> None:
    received.append(b"")
    connection.sendall(_INFO)
    while part := connection.recv(65536):
        received.append(part)


def _monitoring_ports(*talks: Talk) -> Callable[[Path], Outcome]:
    """Sick monitoring ports beside a healthy one; time for four polls."""

    def run(folder: Path) -> Outcome:
        with ExitStack() as stack:
            server = stack.enter_context(NatsServer(folder / "n"))
            sick = [f"http://{stack.enter_context(_peer(each))[0]}" for each in talks]
            source = {"monitor": [server.monitor, *sick], "discover": False, "poll": "200ms"}
            collector = stack.enter_context(_collector(folder, **source))
            pid = _pid(collector)
            before, lines = resident_mb(pid), len(collector.log.splitlines())
            forget_peak(pid)
            begun = time.monotonic()
            at = server.monitor.removeprefix("http://")
            up = key("nats_server_up", nats="nats", server=at)
            polls = key("obs_source_polls_total", source="nats")
            with suppress(AssertionError):
                collector.until(lambda each: each.get(polls, 0) > 3 and each.get(up) == 1, 30)
            took = time.monotonic() - begun
            found = collector.scrape()
            return Outcome(
                max(peak_mb(pid) - min(before, 80), 0),
                took,
                len(collector.log.splitlines()) - lines,
                f"{found.get(polls, 0):g} polls in {took:.1f} s",
                "" if found.get(up) == 1 else f"the healthy server's up is {found.get(up)}",
            )

    return run


def _message_without_end(folder: Path) -> Outcome:
    with NatsServer(folder / "n") as server, _peer(_huge_message) as (address, asked):
        connection = {"servers": [f"nats://{address}"]}
        with _collector(folder, monitor=[server.monitor], connection=connection) as collector:
            pid = _pid(collector)
            eventually(lambda: asked)
            before, begun = resident_mb(pid), time.monotonic()
            said = "the server sends a message of more than"
            told = _is_told(collector, said)
            took = time.monotonic() - begun
            time.sleep(1)  # for what would be held
            return Outcome(
                peak_mb(pid) - min(before, 80),
                took,
                collector.log.count(address),
                "one line with the limit",
                "" if told else "not told",
            )


def _is_told(collector: CollectorProcess, words: str) -> bool:
    """Whether the log has the words soon: it is written a little after what it tells of."""
    with suppress(AssertionError):
        eventually(lambda: words in collector.log)
    return words in collector.log


def _login_without_tls(folder: Path) -> Outcome:
    with NatsServer(folder / "n") as server, _peer(_without_tls) as (address, received):
        (folder / "password").write_text(_SECRET)
        login = {"user": "obs", "password_file": str(folder / "password")}
        connection = {"servers": [f"tls://{address}"], **login}
        with _collector(folder, monitor=[server.monitor], connection=connection) as collector:
            begun = time.monotonic()
            eventually(lambda: received.count(b"") > 1 or b"".join(received))
            took = time.monotonic() - begun
            sent = b"".join(received)
            told = _is_told(collector, "the server does not offer TLS")
            return Outcome(
                0,
                took,
                collector.log.count(address),
                f"{len(sent)} bytes sent in {received.count(b'')} attempts",
                "the login was sent" if sent else "" if told else "not told",
            )


@contextmanager
def _collector(folder: Path, **source: object) -> Iterator[CollectorProcess]:
    collector = CollectorProcess(folder / "obs", spec_of(folder, nats=source))
    try:
        yield collector.start(ready=False)
    finally:
        collector.kill()


def _pid(collector: CollectorProcess) -> int:
    pid = collector.process.pid
    assert pid is not None
    return pid


_CHUNK: Final = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

DRILLS: tuple[Drill, ...] = (
    Drill(
        "monitoring ports drip a header, a chunk extension and a trailer",
        Limits(memory_mb=60, seconds=10, log_lines=6),
        _monitoring_ports(
            _dripping(_HEAD + b"X: ", b"x"),
            _dripping(_CHUNK + b"1;", b"x"),
            _dripping(_CHUNK + b"0\r\nX: ", b"x"),
        ),
    ),
    Drill(
        # Twice what max_consumers can need, for all that are read at the same time.
        "four monitoring ports answer without end",
        Limits(memory_mb=240, seconds=12, log_lines=8),
        _monitoring_ports(*[_endless_body] * 4),
    ),
    Drill(
        "a NATS server sends a message of 100 GB",
        Limits(memory_mb=60, seconds=5, log_lines=4),
        _message_without_end,
    ),
    Drill(
        "a NATS server does not offer the TLS that the spec asks for",
        Limits(memory_mb=1, seconds=8, log_lines=4),
        _login_without_tls,
    ),
)
