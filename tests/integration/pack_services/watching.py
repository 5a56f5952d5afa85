"""A real Prometheus that scrapes the rigs, one job each."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.waiting import PATIENCE, eventually


@dataclass(frozen=True)
class Watching:
    """A Prometheus that answers at `url`."""

    url: str

    def query(self, promql: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series of an instant query."""
        found = self._get("query", "query", promql)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def value(self, promql: str) -> float:
        """The value of a query's only series, once it has one."""
        ((_, value),) = eventually(lambda: self.query(promql))
        return value

    def labels(self, job: str) -> dict[str, set[str]]:
        """Each metric name of a job, with the labels that its series have beside job, instance."""
        found: dict[str, set[str]] = {}
        for series in self._get("series", "match[]", f'{{job="{job}"}}'):
            name = series.pop("__name__")
            found.setdefault(name, set()).update(series.keys() - {"job", "instance"})
        return found

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        return {labels["alertname"] for labels, _ in self.query('ALERTS{alertstate="firing"}')}

    def _get(self, path: str, field: str, value: str) -> Any:
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode({field: value})}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)["data"]


@contextmanager
def watching(
    folder: Path,
    targets: Mapping[str, str],
    *,
    rules: str | None = None,
    every: str = "1s",
    slow: Mapping[str, str] | None = None,
) -> Iterator[Watching]:
    """Scrapes `targets` (job → host:port) and evaluates the files of `rules` (a glob) each time
    that `every` (`500ms`) is over; a job of `slow` is scraped each time that its own is. Entered
    once all were scraped. `folder` must exist."""
    binary = prometheus_binary()
    assert binary
    (port,) = free_ports(1)
    config: dict[str, Any] = {
        "global": dict.fromkeys(
            ("scrape_interval", "scrape_timeout", "evaluation_interval"), every
        ),
        "rule_files": [rules] if rules else [],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}], **_pace(slow, job)}
            for job, target in targets.items()
        ],
    }
    file = folder / "watching.yml"
    file.write_text(json.dumps(config))  # JSON is YAML
    process = Process(
        [
            binary,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'watching'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder / "watching.log",
    )
    made = Watching(f"http://127.0.0.1:{port}")

    def all_scraped() -> bool:
        try:
            return len(made.query("up == 1")) == len(targets)
        except OSError:
            return False

    process.start()
    try:
        process.wait_until(all_scraped, PATIENCE)
        yield made
    finally:
        process.stop()


def _pace(slow: Mapping[str, str] | None, job: str) -> dict[str, str]:
    """A job's own time for a scrape."""
    if not slow or job not in slow:
        return {}
    return dict.fromkeys(("scrape_interval", "scrape_timeout"), slow[job])
