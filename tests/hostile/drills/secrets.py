"""Neighbours whose text would end, fill or forge what obs says."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from obs.sandbox.nats_server import NatsServer
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.nats_binary import run_by

_POLLS: Final = 4  # of the healthy source, during the attack
_GREETINGS: Final = (
    *(b"INFO []\r\n", b"INFO 1\r\n", b'INFO {"connect_urls": 5}\r\n', b"INFO " + b"[" * 50_000),
    b"INFO {}\r\n-ERR '\x1b[2J\x1b]0;forged\x07\xff\xe2\x80\xae'\r\n",
    b"\x1b[31m\x00\r\n2026-01-01 ERROR forged\r\n",
)


def _odd_greetings(folder: Path) -> Outcome:
    with run_by(NatsServer(folder / "nats")) as nats, _greeting_servers(_GREETINGS) as ports:
        connections = [
            {"servers": [f"nats://127.0.0.1:{port}"], "account": f"A{port}"} for port in ports
        ]
        spec = spec_of(folder, nats={"monitor": [nats.monitor], "connections": connections})
        collector = CollectorProcess(folder / "collector", spec)
        try:
            collector.start()
            pid = collector.process.pid
            assert pid is not None
            before, lines = resident_mb(pid), collector.log.count("\n")
            forget_peak(pid)
            begun = time.monotonic()
            collector.polls("nats", _POLLS)
            seconds = time.monotonic() - begun
            status = collector.status()
            failed = [each for each in status["sources"] if "/" in each["name"] and each["error"]]
            memory, log = peak_mb(pid) - before, collector.log
            polled = collector.value("obs_source_up", source="nats")
        finally:
            collector.kill()
    plain = all(line.isprintable() for line in log.split("\n"))
    wrong = "" if len(failed) == len(ports) else f"{len(failed)} of {len(ports)} reported"
    return Outcome(
        memory,
        seconds,
        log.count("\n") - lines,
        f"healthy source up: {polled == 1}",
        wrong or ("" if plain else "escape sequences in the log"),
    )


@contextmanager
def _greeting_servers(greetings: Sequence[bytes]) -> Iterator[list[int]]:
    """A server for each greeting, which sends it to whoever connects. Gives the ports."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in greetings]

    def serve(server: socket.socket, greeting: bytes) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    connection.sendall(greeting)

    for server, greeting in zip(listening, greetings, strict=True):
        threading.Thread(target=serve, args=(server, greeting), daemon=True).start()
    try:
        yield [int(server.getsockname()[1]) for server in listening]
    finally:
        for server in listening:
            server.close()


DRILLS = (Drill("NATS servers greet with what is no greeting", Limits(20, 15, 30), _odd_greetings),)
