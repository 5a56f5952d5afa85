"""Running `obs … apply` as a user does, in this process or in one that is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from obs.cli.main import main
from obs.sandbox.process import Process
from tests.integration.waiting import PATIENCE

SPEC = """\
version: 1
system: shop
sources:
  nats:
    main:
      monitor: [http://nats:8222]
"""


@dataclass
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of `--format json`."""
        return [step for report in json.loads(self.out) for step in report["steps"]]

    def verdicts(self) -> dict[str, str]:
        """What was decided about each thing, by its name."""
        return {step["name"]: step["verdict"] for step in self.steps}


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> Outcome:
    """One command in this process."""
    capsys.readouterr()
    code = main(argv)
    said = capsys.readouterr()
    return Outcome(code, said.out, said.err)


class Reloadable:
    """A real server that reads its files again when it is asked to."""

    url: str
    process: Process

    def ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bytes(answer.read())

    @contextmanager
    def running(self) -> Iterator[Self]:
        """From when it is ready."""

        def ready() -> bool:
            try:
                return bool(self.ask("/-/ready"))
            except OSError:
                return False

        self.process.start()
        try:
            self.process.wait_until(ready, PATIENCE)
            yield self
        finally:
            self.process.stop()


@dataclass
class Request:
    """What arrived at a server."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = tuple[int, bytes]


@dataclass
class Server:
    """Context manager: an HTTP server on loopback that answers as configured.

    `before` is called with each request first: it may kill who asks.
    """

    answer: Callable[[Request], Answer]
    before: Callable[[Request], None] = lambda request: None
    requests: list[Request] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                request = Request(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(size),
                )
                outer.requests.append(request)
                outer.before(request)
                status, body = outer.answer(request)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  names that the library asks for

            def log_message(self, format: str, *args: object) -> None:
                pass

            def handle(self) -> None:
                with suppress(ConnectionError):  # who asked was killed
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def writes(self) -> list[str]:
        """What was asked to be changed: methods and paths."""
        return [f"{one.method} {one.path}" for one in self.requests if one.method != "GET"]


class Killed:
    """A command in a process of its own, killed when its `nth` changing request arrives.

    Nothing comes of that request.
    """

    def __init__(self, nth: int) -> None:
        self._left = nth
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self, request: Request) -> None:
        if request.method == "GET" or self._child is None:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(self._child.pid, signal.SIGKILL)
            self._child.wait()
            raise ConnectionAbortedError

    def run(self, *argv: str, cwd: Path) -> int:
        """Run it to its end; returns its exit status."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "obs", *argv],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self._child.wait(60)
