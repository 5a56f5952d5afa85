"""A real Prometheus whose past is given as OpenMetrics text."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obs.clients.prometheus import Prometheus as Client
from obs.errors import SourceError
from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from tests.integration.waiting import eventually


def server_with_past(folder: Path, past: str) -> PrometheusProcess:
    """A server with this past, which is yet to be started."""
    file = folder / "data.openmetrics"
    file.write_text(past)
    (folder / "prometheus").mkdir()
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, file, folder / "prometheus"], check=True, capture_output=True)
    binary = prometheus_binary()
    assert binary
    return PrometheusProcess(binary, folder, "127.0.0.1:1")


def start_and_answer(server: PrometheusProcess, at: float) -> None:
    """Start it; returns once it answers queries at `at` (Unix seconds)."""
    server.start()
    client = Client(server.url)

    def answers() -> bool:
        try:
            return bool(client.query("vector(1)", at))
        except SourceError:
            return False

    try:
        eventually(answers)
    finally:
        client.close()


@contextmanager
def prometheus_with_past(folder: Path, past: str, at: float) -> Iterator[str]:
    """The address of a server that answers queries at `at` (Unix seconds)."""
    server = server_with_past(folder, past)
    try:
        start_and_answer(server, at)
        yield server.url
    finally:
        server.stop()
