"""A Prometheus on loopback that scrapes one collector."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from obs.sandbox.process import Process, free_ports

SCRAPE_SECONDS: Final = 5


def prometheus_binary() -> str | None:
    """Path of an installed Prometheus."""
    return shutil.which("prometheus")


class Prometheus:
    """One Prometheus server with its data in `directory`, which must be there."""

    def __init__(self, binary: str, directory: Path, target: str) -> None:
        """`target`: host:port of the collector."""
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._config = directory / "prometheus.yml"
        self._target = target
        self.process = Process(
            [
                binary,
                f"--config.file={self._config}",
                f"--storage.tsdb.path={directory / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            directory / "prometheus.log",
        )

    def start(self) -> None:
        """Start it; it answers about a second later. Raises ProcessFailed."""
        self._config.write_text(json.dumps(_configuration(self._target)))  # JSON is YAML
        self.process.start()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()


def _configuration(target: str) -> dict[str, Any]:
    scrape = {"job_name": "obs", "static_configs": [{"targets": [target]}]}
    return {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "scrape_timeout": f"{SCRAPE_SECONDS}s"},
        "scrape_configs": [scrape],
    }
