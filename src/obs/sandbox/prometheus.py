"""A Prometheus on loopback that scrapes one collector, and may evaluate rules."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obs.sandbox.process import Process, free_ports
from obs.spec.quantity import format_duration

SCRAPE_SECONDS: Final = 5


def prometheus_binary() -> str | None:
    """Path of an installed Prometheus."""
    return shutil.which("prometheus")


@dataclass(frozen=True, slots=True)
class Rules:
    """Rule files, as a glob, and host:port of the Alertmanager that gets the alerts."""

    files: str
    alertmanager: str


class PrometheusProcess:
    """One Prometheus server with its data in `directory`, which must exist."""

    def __init__(
        self,
        binary: str,
        directory: Path,
        target: str,
        *,
        rules: Rules | None = None,
        every: float = SCRAPE_SECONDS,
    ) -> None:
        """`target`: host:port of the collector, scraped and evaluated every `every` seconds."""
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._config = directory / "prometheus.yml"
        self._content = _configuration(target, every, rules)
        self.process = Process(
            [
                binary,
                f"--config.file={self._config}",
                f"--storage.tsdb.path={directory / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{port}",
                # Alerts that fire before Alertmanager is discovered are sent again after this time.
                f"--rules.alert.resend-delay={format_duration(every)}",
            ],
            directory / "prometheus.log",
        )

    def start(self) -> None:
        """Start it; it answers about a second later. Raises ProcessFailed."""
        self._config.write_text(json.dumps(self._content))  # JSON is YAML
        self.process.start()

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()


def _configuration(target: str, every: float, rules: Rules | None) -> dict[str, Any]:
    scrape = {"job_name": "obs", "static_configs": [{"targets": [target]}]}
    times = ("scrape_interval", "scrape_timeout", "evaluation_interval")
    whole: dict[str, Any] = {
        "global": dict.fromkeys(times, format_duration(every)),
        "scrape_configs": [scrape],
    }
    if rules is not None:
        alertmanager = {"static_configs": [{"targets": [rules.alertmanager]}]}
        whole["rule_files"] = [rules.files]
        whole["alerting"] = {"alertmanagers": [alertmanager]}
    return whole
