"""A collector whose web side is attacked, the NATS server that it polls, and its clients."""

import gzip
import json
import re
import socket
import ssl
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from obs.sandbox.process import Process, ProcessFailed
from tests.bench.poll import HEALTHZ, VARZ, jsz
from tests.hostile.memory import forget_peak, peak_mb, resident_mb

# The command itself, with a limit on the files that it may open.
_LAUNCH = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
from obs.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
_SERVING = re.compile(r"serving https?://[\d.]+:(\d+)/?$", re.MULTILINE)
_LAG = "nats_consumer_lag_messages{"
_POLLS = re.compile(r"^obs_source_polls_total\{[^}]*} (\d+)", re.MULTILINE)


class WebCollector:
    """One that runs; `memory` and `lines` are what it cost since `attacked`."""

    def __init__(
        self,
        process: Process,
        port: int,
        headers: dict[str, str],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.process = process
        self.port = port
        self.tls = tls
        self.headers = headers
        self._resident = self._written = 0.0

    @property
    def log(self) -> str:
        return self.process.log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def attacked(self) -> None:
        """Count costs from now on."""
        self._resident, self._written = resident_mb(self.pid), self.log.count("\n")
        forget_peak(self.pid)

    def memory(self) -> float:
        """MB at the peak, above what it had before the attack."""
        return max(0.0, peak_mb(self.pid) - self._resident)

    def lines(self) -> int:
        """Lines in the log since the attack began."""
        return int(self.log.count("\n") - self._written)

    def get(self, path: str, timeout: float = 5) -> bytes:
        """What it answers, in gzip where it can. Raises OSError."""
        headers = self.headers | {"Accept-Encoding": "gzip"}
        url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout, context=self.tls) as answer:
            body: bytes = answer.read()
        return body

    def seconds(self, path: str, timeout: float = 20) -> float:
        """How long until `path` is answered, attempts that fail included; at most `timeout`."""
        begin = time.monotonic()
        while (waited := time.monotonic() - begin) < timeout:
            try:
                self.get(path)
            except OSError:
                time.sleep(0.05)
            else:
                return time.monotonic() - begin
        return waited

    def metrics(self) -> str:
        """What it exposes; nothing where it does not answer."""
        try:
            return gzip.decompress(self.get("/metrics")).decode()
        except OSError:
            return ""

    def polls(self) -> int:
        """How many polls there have been; 0 where it does not say."""
        found = _POLLS.search(self.metrics())
        return int(found.group(1)) if found else 0

    def seconds_to_end(self) -> float:
        """How long it takes to end after SIGTERM; 60 where it does not."""
        begin = time.monotonic()
        self.process.terminate()
        with suppress(ProcessFailed):
            self.process.wait(60)
        return time.monotonic() - begin


@contextmanager
def web_collector(
    folder: Path,
    *,
    consumers: int = 1,
    files: int = 256,
    web: str = "",
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[WebCollector]:
    """A collector that has polled.

    `web` is its web configuration, `headers` and `tls` are for `get`.
    """
    with _monitor(consumers) as monitor:
        outputs: dict[str, str] = {"listen": "127.0.0.1:0"}
        if web:
            (folder / "web.yml").write_text(web)
            outputs["config_file"] = str(folder / "web.yml")
        spec = {
            "version": 1,
            "system": "t",
            "state_dir": str(folder / "state"),
            "sources": {"nats": {"main": {"monitor": [monitor], "poll": "500ms"}}},
            "outputs": {"web": outputs},
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, "-c", _LAUNCH, str(files), "collect", "--spec"]
        process = Process([*command, str(folder / "spec.json")], folder / "log")
        process.start()
        try:
            process.wait_until(lambda: _SERVING.search(process.log.read_text()) is not None, 30)
            found = _SERVING.search(process.log.read_text())
            assert found is not None
            collector = WebCollector(process, int(found.group(1)), headers or {}, tls)
            process.wait_until(lambda: _LAG in collector.metrics(), 30)
            yield collector
        finally:
            process.kill()


@contextmanager
def _monitor(consumers: int) -> Iterator[str]:
    """A NATS monitoring port whose answers never change."""
    answer = jsz(consumers, 0, config=True)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = HEALTHZ
            if self.path.startswith("/jsz"):
                body = answer
            elif self.path.startswith("/varz"):
                body = VARZ
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def connected(
    port: int, count: int, say: bytes, *, source: str = "127.0.0.1", buffer: int | None = None
) -> Iterator[list[socket.socket]]:
    """`count` clients that send `say` and nothing more; fewer where they are refused."""
    held: list[socket.socket] = []
    try:
        for _ in range(count):
            client = socket.socket()
            held.append(client)
            client.settimeout(0.5)
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            try:
                client.bind((source, 0))
                client.connect(("127.0.0.1", port))
                client.sendall(say)
            except OSError:
                continue
        yield held
    finally:
        for client in held:
            client.close()


def answer_to(port: int, say: bytes, timeout: float = 2, source: str = "127.0.0.1") -> bytes:
    """All that comes back until the server closes, or is silent for `timeout` seconds."""
    parts: list[bytes] = []
    with socket.socket() as client:
        client.settimeout(timeout)
        try:
            client.bind((source, 0))
            client.connect(("127.0.0.1", port))
            client.sendall(say)
            while part := client.recv(1 << 18):
                parts.append(part[:4096])
        except OSError:
            pass
    return b"".join(parts)


def read_whole(port: int, path: str, timeout: float = 60, accepted: str = "identity") -> int:
    """Bytes of an answer in an accepted encoding, thrown away; -1 where it is cut short."""
    headers = {"Accept-Encoding": accepted}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            size = 0
            while part := answer.read(1 << 18):
                size += len(part)
            return size if size == int(answer.headers["Content-Length"]) else -1
    except (OSError, ValueError):
        return -1


def in_threads(calls: Sequence[threading.Thread]) -> None:
    """Start all; does not wait."""
    for call in calls:
        call.daemon = True
        call.start()
