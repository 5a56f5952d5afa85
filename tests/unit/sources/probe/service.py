"""A service on loopback that answers as it is told."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

READY = b'{"status": "ok", "components": {"db": {"status": "UP"}, "cache": {"status": "UP"}}}'
NOT_READY = b'{"status": "down", "components": {"db": {"status": "DOWN"}, "cache": true}}'
METADATA = "http://169.254.169.254/latest/meta-data/"


class Service(ThreadingHTTPServer):
    """Has a path for each way to answer; `ready` says what /ready answers, `seen` what came."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = True
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.elsewhere = ""
        self.closing = threading.Event()
        self.tls = tls

    def get_request(self) -> tuple[Any, Any]:
        sock, address = super().get_request()
        if self.tls is not None:  # the handshake is made in the thread of the request
            sock = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none."""

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((f"{self.command} {self.path}", headers, body))
        path = self.path.partition("?")[0]
        with suppress(OSError):
            _PATHS.get(path, _not_found)(self)

    def whole(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _ready(handler: _Handler) -> None:
    ready = handler.server.ready
    handler.whole(200 if ready else 503, READY if ready else NOT_READY)


def _not_found(handler: _Handler) -> None:
    handler.whole(404, b"no such page")


def _hangs(handler: _Handler) -> None:
    handler.server.closing.wait(20)


def _drips(handler: _Handler) -> None:
    """A byte of a header that never ends, again and again."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x")


def _endless(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.closing.is_set():
        handler.wfile.write(b"ok " * 10_000)


def _nonsense(handler: _Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    handler.close_connection = True


def _hangs_up(handler: _Handler) -> None:
    handler.close_connection = True


def _short(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"ok")
    handler.close_connection = True


def _chunked(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"2\r\nok\r\n5\r\n: all\r\n0\r\n\r\n")


def _to(location: Callable[[Service], str], status: int = 302) -> Callable[[_Handler], None]:
    return lambda handler: handler.whole(status, b"", Location=location(handler.server))


_PATHS: dict[str, Callable[[_Handler], None]] = {
    "/ready": _ready,
    "/text": lambda handler: handler.whole(200, b"all systems go, version 1.2.3"),
    "/hangs": _hangs,
    "/drips": _drips,
    "/endless": _endless,
    "/nonsense": _nonsense,
    "/hangs-up": _hangs_up,
    "/short": _short,
    "/chunked": _chunked,
    "/redirect": _to(lambda _: "/ready"),
    "/loop": _to(lambda _: "/loop"),
    "/metadata": _to(lambda _: METADATA),
    "/file": _to(lambda _: "file:///etc/passwd"),
    "/elsewhere": _to(lambda service: service.elsewhere, 307),
}


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """The service, until the end of the block."""
    service = Service(tls)
    threading.Thread(target=service.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield service
    finally:
        service.closing.set()
        service.shutdown()
        service.server_close()
