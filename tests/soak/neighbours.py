"""What the collector asks and pushes to, in a process of its own so that it is not measured.

Streams and consumers come and go at every poll. For some minutes of each hour each neighbour is
sick, in a way that changes with the hour.
"""

import json
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any, Final
from urllib.parse import parse_qs

from tests.hostile.aws_server import HostileAws
from tests.hostile.growth_simulation import Cluster

MINUTE: Final = 60.0
SICK_MINUTES: Final = {"nats": range(20, 30), "prometheus": range(40, 46), "otlp": range(15)}
"""Of each hour, by neighbour."""
_WAYS: Final = ("unavailable", "half", "rubbish", "hangs up")


class Neighbours:
    """Their addresses; they live at `now`, which the soak sets (Unix seconds).

    Streams and consumers come and go every `every` seconds.
    """

    def __init__(self, begin: float, every: float) -> None:
        self._now = multiprocessing.get_context("fork").Value("d", begin, lock=False)
        self.begin = begin
        self.every = every
        self.url = self.aws = ""

    def tell(self, now: float) -> None:
        """What time it is."""
        self._now.value = now

    @property
    def now(self) -> float:
        """What time it is."""
        return float(self._now.value)

    def sick(self, name: str) -> str:
        """How it is sick now; empty while it is well."""
        since = self.now - self.begin
        if int(since // MINUTE % 60) not in SICK_MINUTES[name]:
            return ""
        return _WAYS[int(since // 3600) % len(_WAYS)]


@contextmanager
def neighbours(begin: float, every: float) -> Iterator[Neighbours]:
    """They run until the end of the block."""
    made = Neighbours(begin, every)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(made, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    made.url, made.aws = ours.recv()
    try:
        yield made
    finally:
        ours.close()
        process.join()


def _run(made: Neighbours, theirs: Connection, told: Connection) -> None:
    """Until the other end is closed, however its process ended."""
    theirs.close()
    handler = type("Handler", (_Handler,), {"neighbours": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    with HostileAws() as aws:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        told.send((f"http://127.0.0.1:{server.server_address[1]}", aws.url))
        told.poll(None)


class _Handler(BaseHTTPRequestHandler):
    """A NATS monitoring port, a Prometheus and an OTLP receiver, by path."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet
    disable_nagle_algorithm = True
    neighbours: Neighbours

    def do_GET(self) -> None:
        at = self.neighbours
        poll = int((at.now - at.begin) // at.every) + 1
        cluster = Cluster(now=at.now, poll=poll, streams=2, consumers=8, lives=4)
        self._answer("nats", cluster.get(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/api/v1/"):
            self._answer("prometheus", _queried(body))
        else:
            self._answer("otlp", b"", kind="application/x-protobuf")

    def _answer(self, name: str, body: bytes, kind: str = "application/json") -> None:
        way = self.neighbours.sick(name)
        if way == "hangs up":
            self.close_connection = True
            return
        if way == "rubbish":
            body, kind = b"<html>It works!</html>", "text/html"
        self.send_response(503 if way == "unavailable" else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if way == "half" else body)
        self.close_connection = self.close_connection or way == "half"

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _queried(body: bytes) -> bytes:
    """A counter's events in each minute, or step, of a range: about one in a thousand is bad."""
    asked = parse_qs(body.decode())
    if "start" not in asked:
        result: dict[str, Any] = {"resultType": "scalar", "result": [0, "1"]}
    else:
        start, end, step = (float(asked[name][0]) for name in ("start", "end", "step"))
        times = [start + step * number for number in range(int((end - start) / step) + 1)]
        bad = "bad" in asked["query"][0]
        values = [[at, str(step / 60 * (at // 60 % 11 == 0 if bad else 90))] for at in times]
        result = {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}
    return json.dumps({"status": "success", "data": result}).encode()
