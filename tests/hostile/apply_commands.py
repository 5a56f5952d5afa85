"""Commands that ask a hostile server, or read hostile files: run to their end, and measured."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.hostile.drill import Outcome
from tests.hostile.memory import peak_mb

Answer = tuple[int, Iterator[bytes]]
Answering = Callable[[str, str], Answer]
"""From method and path to status and pieces of the body, which may have no end."""

SPEC = """\
version: 1
system: shop
sources: {{nats: {{main: {{monitor: [http://nats:8222]}}}}}}
notify:
  receivers: {{team: {{webhook: {{url: "http://pager/"}}}}}}
  routes: {{critical: {{to: [team]}}, warning: {{to: [team]}}}}
stacks:
  grafana: {{url: "{url}"}}
  mimir: {{url: "{url}", tenant: t}}
  prometheus: {{url: "{url}", rules_dir: rules}}
  alertmanager: {{url: "{url}", config_file: alertmanager.yml}}
"""


@dataclass(frozen=True)
class Ended:
    """What a command cost and said."""

    code: int
    said: str  # on both outputs
    seconds: float
    memory_mb: float  # its peak


@contextmanager
def hostile_server(answer: Answering) -> Iterator[str]:
    """The address of a server that answers so, in pieces, until who asked is gone."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, pieces = answer(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            with suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)

        do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  names that the library asks for

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def run(folder: Path, *argv: str, limit: float = 60.0) -> Ended:
    """Run `obs …` in this folder; killed after `limit` seconds."""
    output = folder / "said"
    began = time.monotonic()
    peak = 0.0
    with output.open("w") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "obs", *argv],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "100"},
        )
        try:
            while child.poll() is None and time.monotonic() - began < limit:
                with suppress(OSError, AssertionError):  # it has just ended
                    peak = max(peak, peak_mb(child.pid))
                time.sleep(0.01)
        finally:
            child.kill()
            child.wait()
    seconds = time.monotonic() - began
    return Ended(child.returncode, output.read_text(errors="replace"), seconds, peak)


@cache
def idle_mb() -> float:
    """The peak of a command that has loaded the same, and has read nothing hostile."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "obs.yaml").write_text(SPEC.format(url="http://127.0.0.1:9"))
        ended = run(Path(folder), "build", "--out", "built")
    assert ended.code == 0, ended.said
    return ended.memory_mb


def outcome(folder: Path, ended: Ended, code: int, *words: str) -> Outcome:
    """The cost; wrong where it did not end with this code, in a line or two with these words."""
    lines = ended.said.splitlines()
    missing = [word for word in words if word not in ended.said]
    odd = [line for line in lines if not line.isprintable()]
    wrong = ""
    if ended.code != code or missing or odd or "Traceback" in ended.said:
        wrong = f"exit {ended.code}: {ended.said[:300]!r} (without {missing})"
    others = lines[-1] if lines else "nothing"
    memory = max(0.0, ended.memory_mb - idle_mb())
    return Outcome(memory, ended.seconds, len(lines), others[:120].replace("|", "/"), wrong)
