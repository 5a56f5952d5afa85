"""A real Prometheus that takes remote write, and scrapes a collector."""

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from obs.sandbox.process import Process, free_ports
from tests.integration.collector_process import CollectorProcess


class Receiving:
    """A real Prometheus that takes remote write, and scrapes a collector."""

    def __init__(self, binary: str, folder: Path) -> None:
        (port,) = free_ports(1)
        self._url = f"http://127.0.0.1:{port}"
        self.endpoint = f"{self._url}/api/v1/write"
        self._config = folder / "prometheus.yml"
        self.scrape(None)
        arguments = [
            f"--config.file={self._config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            *("--web.enable-remote-write-receiver", "--web.enable-lifecycle"),
        ]
        self.process = Process([binary, *arguments], folder / "prometheus.log")

    def scrape(self, collector: CollectorProcess | None) -> None:
        """Write a configuration that scrapes this one, under the job `scraped`."""
        targets = [collector.url.partition("//")[2]] if collector else []
        job = {"job_name": "scraped", "static_configs": [{"targets": targets}]}
        quick = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
        self._config.write_text(json.dumps({"global": quick, "scrape_configs": [job]}))

    def reload(self) -> None:
        request = urllib.request.Request(f"{self._url}/-/reload", method="POST")
        urllib.request.urlopen(request, timeout=5).close()

    def ready(self) -> bool:
        try:
            urllib.request.urlopen(f"{self._url}/-/ready", timeout=5).close()
        except OSError:
            return False
        return True

    def query(self, expression: str, at: float | None = None) -> dict[tuple[Any, ...], float]:
        """The instant vector, without job and instance."""
        left_out = ("job", "instance")
        return {
            tuple(sorted((k, v) for k, v in each["metric"].items() if k not in left_out)): float(
                each["value"][1]
            )
            for each in self._found(expression, at)
        }

    def times(self, series: str, seconds: float) -> list[float]:
        """When there were samples of one series in the last seconds (Unix seconds)."""
        (found,) = self._found(f"{series}[{round(1000 * seconds)}ms]", None)
        return [float(at) for at, _ in found["values"]]

    def _found(self, expression: str, at: float | None) -> list[Any]:
        given = {"query": expression} | ({} if at is None else {"time": f"{at:.3f}"})
        url = f"{self._url}/api/v1/query?{urllib.parse.urlencode(given)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
        return found
