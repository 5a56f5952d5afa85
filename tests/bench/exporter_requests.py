"""A proxy in front of an emulated AWS that counts requests and the metrics they pay for."""

import contextlib
import io
import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl

from botocore.parsers import BaseCBORParser

from obs.sandbox.aws_protocol import operation_of

_HOP_BY_HOP: Final = frozenset({"connection", "content-length", "transfer-encoding", "host"})


class Requests:
    """Requests by operation, and what GetMetricData would be billed for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.url = ""
        self.by_operation: Counter[str] = Counter()
        self.paid_metrics = 0

    @property
    def total(self) -> int:
        """Requests of all operations."""
        with self._lock:
            return sum(self.by_operation.values())

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self.by_operation.clear()
            self.paid_metrics = 0

    def take(self, operation: str, body: bytes) -> None:
        """Count a request."""
        paid = paid_metrics(body) if operation == "GetMetricData" else 0
        with self._lock:
            self.by_operation[operation] += 1
            self.paid_metrics += paid


@contextmanager
def counted(upstream: str) -> Iterator[Requests]:
    """The proxy of an endpoint, at `url` of what is yielded."""
    requests = Requests()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            requests.take("ListFunctions" if "/functions" in self.path else self.path, b"")
            self._ask(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = operation_of(self.path, dict(self.headers.items()), body)
            requests.take(operation, body)
            self._ask(body)

        def _ask(self, body: bytes | None) -> None:
            kept = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            sent = urllib.request.Request(upstream + self.path, data=body, headers=kept)
            try:
                with urllib.request.urlopen(sent, timeout=30) as answer:
                    self._give(answer.status, answer.headers, answer.read())
            except urllib.error.HTTPError as error:
                self._give(error.code, error.headers, error.read())

        def _give(self, status: int, headers: Any, body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP | {"date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked has ended
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    requests.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield requests
    finally:
        server.shutdown()
        server.server_close()


def paid_metrics(body: bytes) -> int:
    """How many metrics a GetMetricData request is billed for: five statistics of one are one."""
    if body.startswith(b"Action="):
        found = _form(body)
    elif body.startswith(b"{"):
        found = _structure(json.loads(body))
    else:
        stream: Any = io.BufferedReader(io.BytesIO(body))
        found = _structure(BaseCBORParser().parse_data_item(stream))
    return sum(-(-count // 5) for count in Counter(found).values())


def _structure(request: Any) -> Iterator[tuple[object, ...]]:
    for query in request["MetricDataQueries"]:
        metric = query["MetricStat"]["Metric"]
        pairs = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions", ()))
        yield metric["Namespace"], metric["MetricName"], pairs


def _form(body: bytes) -> Iterator[tuple[object, ...]]:
    queries: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode()):
        parts = name.split(".")
        if parts[0] == "MetricDataQueries" and "Metric" in parts:
            queries.setdefault(parts[2], []).append(f"{parts[-1]} {value}")
    for named in queries.values():
        yield tuple(sorted(named))
