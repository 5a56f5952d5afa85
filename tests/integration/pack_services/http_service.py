"""An HTTP service instrumented by OpenTelemetry's semantic conventions, which can be made slow,
failing or not ready."""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.semconv.metrics.http_metrics import HTTP_SERVER_REQUEST_DURATION

from tests.integration.pack_services.telemetry import Telemetry, telemetry

# Those of the semantic conventions: the SDK's own are made for milliseconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_ROUTES = {"orders": "/orders/{order_id}", "healthz": "/healthz", "readyz": "/readyz"}


class HttpService:
    """Serves /orders/ID, /healthz and /readyz at `url`; its metrics are at host:port `target`."""

    def __init__(self, measured: Telemetry) -> None:
        self.target = measured.target
        self.slow = 0.0
        """Seconds that an order takes longer."""
        self.failing = 0
        """Every so-manieth order fails with 500; 0 for none, 1 for all."""
        self.ready = True
        self.limited = False
        """Whether orders are refused with 429."""
        self._orders = 0
        self._lock = threading.Lock()
        self._duration = measured.meter.create_histogram(
            HTTP_SERVER_REQUEST_DURATION,
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )
        self._active = measured.meter.create_up_down_counter(
            "http.server.active_requests", unit="{request}"
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def order(self) -> int:
        """Order once; returns the status."""
        return self.get("/orders/17")

    def get(self, path: str) -> int:
        """Status of one request."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def answer(self, method: str, path: str) -> int:
        """The status for a request, measured."""
        began = time.perf_counter()
        arrived = {"http.request.method": method, "url.scheme": "http"}
        self._active.add(1, arrived)
        status, route = self._status(path)
        told: dict[str, Any] = {**arrived, "http.response.status_code": status}
        if route:
            told["http.route"] = route
        if status >= 500:
            told["error.type"] = str(status)
        self._active.add(-1, arrived)
        self._duration.record(time.perf_counter() - began, told)
        return status

    def _status(self, path: str) -> tuple[int, str | None]:
        first = path.split("/")[1]
        route = _ROUTES.get(first)
        if route is None:
            return 404, None
        if first == "readyz":
            return 200 if self.ready else 503, route
        if first == "healthz":
            return 200, route
        if self.limited:
            return 429, route
        with self._lock:
            self._orders += 1
            fails = bool(self.failing) and self._orders % self.failing == 0
        time.sleep(self.slow)
        return 500 if fails else 200, route

    def serve(self) -> threading.Thread:
        """Serve in a thread of its own."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def _handler(service: HttpService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(service.answer("GET", self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def http_service(name: str = "shop") -> Iterator[HttpService]:
    """A service that runs while entered."""
    with telemetry(name) as measured:
        service = HttpService(measured)
        thread = service.serve()
        try:
            yield service
        finally:
            service.close()
            thread.join()
