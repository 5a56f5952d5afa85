"""A real Prometheus that scrapes and evaluates every second."""

import json
import os
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary

BINARY: Final = prometheus_binary()
needs_prometheus = pytest.mark.skipif(BINARY is None, reason="prometheus is not installed")


@dataclass(frozen=True)
class Raw:
    """One series as it was scraped: (Unix seconds, value)."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.labels["__name__"]


class PrometheusServer:
    """One with its files in a folder of its own; it can be started again on its data."""

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str],
        rules: Sequence[str],
        alertmanager: str | None = None,
        *,
        moving: bool = False,
    ) -> None:
        """`rules` are globs, `alertmanager` is host:port of the one that gets the alerts.

        `moving`: targets come and go (`watch`), and are found some seconds later than others.
        """
        assert BINARY
        folder.mkdir(exist_ok=True)
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._targets = folder / "targets.json"
        times = ("scrape_interval", "scrape_timeout", "evaluation_interval")
        scraped: dict[str, Any] = {"static_configs": [{"targets": list(targets)}]}
        if moving:
            self.watch(targets)
            found = {"files": [str(self._targets)], "refresh_interval": "1s"}
            scraped = {"file_sd_configs": [found]}
        config: dict[str, Any] = {
            "global": dict.fromkeys(times, "1s"),
            "rule_files": list(rules),
            "scrape_configs": [{"job_name": "obs", **scraped}],
        }
        if alertmanager:
            told = {"static_configs": [{"targets": [alertmanager]}]}
            config["alerting"] = {"alertmanagers": [told]}
        (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        self.process = Process(
            [
                BINARY,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--rules.alert.resend-delay=5s",  # a busy machine resolves nothing in that time
            ],
            folder / "prometheus.log",
        )

    def watch(self, targets: Iterable[str]) -> None:
        """Scrape these, host:port each, from now on."""
        written = self._targets.with_suffix(".new")
        written.write_text(json.dumps([{"targets": list(targets)}]))
        written.replace(self._targets)

    def reload(self) -> None:
        """Read the rules again."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGHUP)

    def query(self, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series now, or at that moment (Unix seconds); nothing while it
        does not answer."""
        moment = {} if at is None else {"time": f"{at:.3f}"}
        found = self._asked("query", query=expression, **moment)
        return [(each["metric"], float(each["value"][1])) for each in found]

    def raw(self, selector: str, seconds: float, at: float) -> list[Raw]:
        """What was scraped in so many seconds up to `at` (Unix seconds)."""
        found = self._asked("query", query=f"{selector}[{seconds:.0f}s]", time=f"{at:.3f}")
        return [_raw(each) for each in found]

    def over(self, expression: str, start: float, end: float, step: float = 1.0) -> list[Raw]:
        """What a panel draws of an expression from `start` to `end` (Unix seconds)."""
        asked = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return [_raw(each) for each in self._asked("query_range", query=expression, **asked)]

    def evaluations(self) -> float:
        """How often rules have been evaluated."""
        count = self.query('max(count_over_time(ALERTS{alertname="ObsWatchdog"}[1h]))')
        return count[0][1] if count else 0.0

    def _asked(self, path: str, **fields: str) -> Any:
        query = urllib.parse.urlencode(fields).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", query, timeout=20) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return []  # it is starting
        except OSError:  # it is not listening yet
            return []


def _raw(found: Any) -> Raw:
    points = tuple((float(at), float(value)) for at, value in found["values"])
    return Raw(dict(found["metric"]), points)
