"""A real Prometheus whose past is given as OpenMetrics text."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from obs.clients.prometheus import Prometheus as Client
from obs.errors import SourceError
from obs.sandbox.prometheus import PrometheusProcess, prometheus_binary
from tests.integration.waiting import eventually


@contextmanager
def prometheus_with_past(folder: Path, past: str, at: float) -> Iterator[str]:
    """The address of a server that answers queries at `at` (Unix seconds)."""
    file = folder / "data.openmetrics"
    file.write_text(past)
    (folder / "prometheus").mkdir()
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q"]
    subprocess.run([*command, file, folder / "prometheus"], check=True, capture_output=True)
    binary = prometheus_binary()
    assert binary
    server = PrometheusProcess(binary, folder, "127.0.0.1:1")
    server.start()
    client = Client(server.url)

    def answers() -> bool:
        try:
            return bool(client.query("vector(1)", at))
        except SourceError:
            return False

    try:
        eventually(answers)
        yield server.url
    finally:
        client.close()
        server.stop()
