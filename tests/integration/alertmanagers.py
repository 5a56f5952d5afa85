"""A real Alertmanager with a configuration of the test's, and what it says of its alerts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from obs.sandbox.alerting import alertmanager_binary
from obs.sandbox.process import Process, free_ports
from tests.integration.waiting import eventually

needs_alertmanager = pytest.mark.skipif(
    alertmanager_binary() is None,
    reason="Alertmanager is not installed (Debian: prometheus-alertmanager)",
)


@contextmanager
def running_alertmanager(config: Path, folder: Path) -> Iterator[str]:
    """Its address, from when it is ready; its data are in `folder`."""
    binary = alertmanager_binary()
    assert binary is not None
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    process = Process(
        [
            binary,
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        folder / "alertmanager.log",
    )
    process.start()
    try:
        eventually(lambda: _ready(url))
        yield url
    finally:
        process.stop()


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def alerts(url: str) -> list[dict[str, Any]]:
    """Every alert, as the API lists it."""
    found: list[dict[str, Any]] = requests.get(f"{url}/api/v2/alerts", timeout=5).json()
    return found


def fire(url: str, *alert_labels: dict[str, str]) -> None:
    """Alerts with these labels, which Alertmanager lists when this returns."""
    posted = [{"labels": labels} for labels in alert_labels]
    requests.post(f"{url}/api/v2/alerts", json=posted, timeout=5).raise_for_status()

    def listed() -> bool:
        there = [each["labels"] for each in alerts(url)]
        return all(labels in there for labels in alert_labels)

    eventually(listed)


def routed(url: str) -> dict[tuple[tuple[str, str], ...], str]:
    """The receivers of each alert, joined by commas, by its sorted labels."""
    return {
        tuple(sorted(each["labels"].items())): ",".join(one["name"] for one in each["receivers"])
        for each in alerts(url)
    }


def inhibited(url: str) -> dict[tuple[tuple[str, str], ...], bool]:
    """Whether each alert is inhibited, by its sorted labels."""
    return {
        tuple(sorted(each["labels"].items())): bool(each["status"]["inhibitedBy"])
        for each in alerts(url)
    }
