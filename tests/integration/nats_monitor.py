"""A monitoring address that passes requests on to a server, or does something worse with them."""

import contextlib
import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Edit = Callable[[str, int, bytes], tuple[int, bytes]]
"""An answer's status and body, by its path."""
Mood = Literal["pass", "hang", "slow", "drip", "half", "rubbish", "throttled", "denied"]
SLOW = 1.5  # seconds until an answer that is slow begins
_DRIP = 0.1  # seconds between the bytes of one that drips


class Monitor:
    """What stands in front of a monitoring port; `mood` may be changed while it runs."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.mood: Mood = "pass"
        self.edit: Edit = lambda path, status, body: (status, body)  # of each answer
        self.url = ""
        self.requests = 0  # that have begun
        self.ended = threading.Event()


class _Handler(http.server.BaseHTTPRequestHandler):
    monitor: Monitor

    def do_GET(self) -> None:
        self.monitor.requests += 1
        mood = self.monitor.mood
        if mood == "hang":
            self.monitor.ended.wait(60)
        elif mood in ("throttled", "denied"):
            self.send_error(429 if mood == "throttled" else 403)
        elif mood == "rubbish":
            self._answer(b"<html>It works!</html>")
        else:
            if mood == "slow":
                self.monitor.ended.wait(SLOW)
            self._pass_on(half=mood == "half", drips=mood == "drip")

    def _pass_on(self, *, half: bool, drips: bool) -> None:
        try:
            with urllib.request.urlopen(self.monitor.upstream + self.path, timeout=5) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        except OSError:
            return self.send_error(502)
        status, body = self.monitor.edit(self.path, status, body)
        if drips:
            return self._drip(body)
        return self._answer(body, body[: len(body) // 2] if half else body, status)

    def _drip(self, body: bytes) -> None:
        self._answer(body, b"")
        with contextlib.suppress(OSError):
            for byte in body:
                self.wfile.write(bytes([byte]))
                if self.monitor.ended.wait(_DRIP):
                    return

    def _answer(self, body: bytes, sent: bytes | None = None, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):  # who asked is gone
            self.wfile.write(body if sent is None else sent)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def monitor_of(upstream: str) -> Iterator[Monitor]:
    """Stands in front of `upstream` on a port of its own."""
    monitor = Monitor(upstream)
    handler = type("Handler", (_Handler,), {"monitor": monitor})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    monitor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield monitor
    finally:
        monitor.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
