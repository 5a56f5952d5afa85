"""Requests to the web server, and answers of systems with an HTTP API."""

import asyncio
import io
import logging
import re
import socket
import threading
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import cache
from typing import Any, Final, cast
from unittest.mock import patch

from obs.checks.http_live import read_slo_history, read_status
from obs.cli.status import _shown as shown_of
from obs.cli.terminal import plain_output
from obs.clients import otlp as otlp_client
from obs.clients.alertmanager import Alertmanager
from obs.clients.checked_connection import ProbeFailed
from obs.clients.http import HttpAnswer
from obs.clients.otlp_answer import METRICS, retry_delay
from obs.clients.probe_http import ProbeAnswer
from obs.clients.prometheus import Prometheus
from obs.clients.receiver_text import retry_after
from obs.sources.probe.dependencies import dependency_states
from obs.sources.probe.expectations import check_answer
from obs.spec.probe_targets import Expect, ReportedDependencies
from obs.spec.stacks import Reached
from obs.web.server import serve
from tests.unit.web.stub_site import StubSite

PROBE_ERRORS: Final = (ProbeFailed,)
_WAIT: Final = 20.0  # seconds; a request that is cut short is answered or ended at once


class _Running:
    """A web server on a loop of its own; `faults` has what its loop or library complained of."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._ready = threading.Event()
        self.port = 0
        complaints = logging.Handler()
        complaints.emit = lambda record: self.faults.append(record.getMessage())  # type: ignore[method-assign]
        for name in ("aiohttp.server", "aiohttp.web", "asyncio"):
            logging.getLogger(name).addHandler(complaints)
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        server = await serve(StubSite(), "127.0.0.1:0")
        self.port = server.port
        self._ready.set()
        await asyncio.Event().wait()


_running = cache(_Running)


def web_server(data: bytes) -> object:
    """Any bytes on a connection give answers of HTTP below 500, or none, and nothing in the log."""
    server = _running()
    with socket.create_connection(("127.0.0.1", server.port), _WAIT) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(1 << 16):
                answer += part
        except TimeoutError:
            raise
        except OSError:  # it has closed the connection
            answer = b""
    assert not answer or re.match(rb"HTTP/\d\.\d [1-4]\d\d ", answer), answer[:80]
    assert not server.faults, server.faults
    return answer[9:12]


class _Answered:
    """Stands for an Http that has this answer to everything."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer

    def exchange(self, *_: object, **__: object) -> HttpAnswer:
        return self._answer

    def get(self, *_: object, **__: object) -> bytes:
        return self._answer.body

    def close(self) -> None:
        pass


_STATUSES: Final = (200, 200, 400, 401, 422, 503)


def prometheus(data: bytes) -> object:
    """Each query of Prometheus' API; the first byte is the status and the query."""
    if not data:
        return None
    server = Prometheus("http://p:9090")
    answer = HttpAnswer(_STATUSES[(data[0] & 15) % len(_STATUSES)], {}, data[1:])
    server._http = cast("Any", _Answered(answer))
    calls: tuple[Callable[[], object], ...] = (
        lambda: server.query("up", 0),
        lambda: server.query_range("up", 0, 60, 60),
        lambda: server.label_values("job", None, 0, 60),
        lambda: server.series("up", 0, 60),
    )
    return calls[data[0] >> 4 & 3]()


def alertmanager(data: bytes) -> object:
    """Alerts and silences of Alertmanager."""
    server = Alertmanager("http://a:9093")
    server._http = cast("Any", _Answered(HttpAnswer(200, {}, data[1:])))
    if data[:1] < b"\x80":
        return server.silences()
    return server.state({"alertname": "a"})


_KINDS: Final = ("application/x-protobuf", "application/json", "text/plain", "")


def otlp(data: bytes) -> object:
    """Answers of an OTLP receiver: taken, refused, with a pause; in protobuf, JSON and text."""
    if not data:
        return None
    body = data[1:]
    text = body.decode("latin-1")
    retry_after(text, 0.0)
    retry_delay(body)
    headers: Mapping[str, str] = {"content-type": _KINDS[data[0] & 3], "retry-after": text}
    sent = {"authorization": "Bearer example-token"}
    answer = HttpAnswer(503 if data[0] & 4 else 200, headers, body)
    if answer.status != 200:
        raise otlp_client._refused(answer, sent, "http://o:4318")
    return otlp_client._accepted(answer, sent, "http://o:4318", METRICS)


class _Rest:
    """Stands for a Rest that has this answer to everything."""

    where = "http://c:9464"

    def __init__(self, body: bytes) -> None:
        self._answer = HttpAnswer(200, {}, body)

    def get(self, *_: object) -> HttpAnswer:
        return self._answer

    find = get

    def close(self) -> None:
        pass


def _shown(collector: Reached) -> object:
    """What `obs status` prints of it."""
    printed = io.StringIO()
    with redirect_stdout(printed), plain_output():
        for line in shown_of([collector], Namespace(format="text", filter="")).lines:
            print(line)  # noqa: T201
    assert "\x1b" not in printed.getvalue()
    return printed.getvalue()


_COLLECTOR: Final = Reached.model_validate({"url": "http://c:9464"})
_READ: Final[tuple[Callable[[], object], ...]] = (
    lambda: read_status(_COLLECTOR),
    lambda: read_slo_history(_COLLECTOR),
    lambda: _shown(_COLLECTOR),
)


def collector_status(data: bytes) -> object:
    """The documents of another collector: its status, and the history of its SLOs."""
    if not data:
        return None
    with patch("obs.checks.http_live._rest", lambda *_: _Rest(data[1:])):
        return _READ[data[0] % len(_READ)]()


_EXPECT: Final = Expect.model_validate(
    {"body_contains": "ok", "json": {"status": "ok", "checks.0.up": True}}
)
_DEPENDENCIES: Final = ReportedDependencies.model_validate({"field": "checks"})


def probed(data: bytes) -> object:
    """The body of a health check."""
    answer = ProbeAnswer(status=200, location="", body=data, cut=False, expires=None)
    found = dependency_states(answer.document(), _DEPENDENCIES)
    check_answer(answer, _EXPECT)
    return found
