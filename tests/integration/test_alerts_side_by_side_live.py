"""Two systems, two environments and two shards, scraped by one real Prometheus with all rules."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig

from obs.alerts.targets import build
from obs.artifacts import write
from obs.sandbox.nats_server import NatsServer
from obs.spec.load import load
from tests.integration.collector_process import CollectorProcess, collectors
from tests.integration.nats_binary import run_by
from tests.integration.prometheus_server import PrometheusServer, needs_prometheus
from tests.integration.waiting import eventually

__all__ = ["collectors"]
pytestmark = [pytest.mark.integration, needs_prometheus]

WAITING: Final = 50  # messages
Alerts = set[tuple[str, str, str, str]]
"""System, environment, name and object of each alert that fires, without watchdogs."""


def spec(
    folder: Path, system: str, environment: str, sources: dict[str, str], above: int
) -> dict[str, Any]:
    """A spec of NATS sources by name and monitoring address, whose alerts wait for seconds only."""
    polled = {"poll": "500ms", "timeout": "1s"}
    soon = {
        f"Obs{name}": {"for": "6s"} for name in ("SourceAbsent", "CollectorDown", "CollectorAbsent")
    }
    return {
        "version": 1,
        "system": system,
        "environment": environment,
        "state_dir": str(folder / "state"),
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
        "sources": {"nats": {n: {"monitor": [url]} | polled for n, url in sources.items()}},
        "alerts": {"NatsConsumerLagHigh": {"above": above, "for": "0s"}, **soon},
    }


class Prometheus(PrometheusServer):
    """With the rules of these systems."""

    def __init__(self, folder: Path, targets: list[str], rules: Iterable[str]) -> None:
        super().__init__(
            folder, targets, [str(folder / each / "prometheus/*.yaml") for each in rules]
        )

    def ever(self) -> Alerts:
        """What has fired so far; nothing while it does not answer."""
        found = self.query(
            'max_over_time(ALERTS{alertstate="firing",alertname!="ObsWatchdog"}[1h])'
        )
        return {
            (
                each["system"],
                each["environment"],
                each["alertname"],
                next((each[name] for name in ("instance", "source", "nats") if name in each), ""),
            )
            for each, _ in found
        }

    def evaluated(self, times: int = 3) -> None:
        """Wait for that many more evaluations."""
        before = self.evaluations()
        eventually(lambda: self.evaluations() >= before + times)


@pytest.fixture
def server_of_messages(tmp_path: Path) -> Iterator[NatsServer]:
    """Run by $NATS_SERVER, if there is one."""
    with run_by(NatsServer(tmp_path / "nats")) as server:
        yield server


@pytest.fixture
def prometheus() -> Iterator[list[Prometheus]]:
    """Those that a test adds end with it."""
    started: list[Prometheus] = []
    yield started
    for each in started:
        each.process.stop()


async def test_each_system_environment_and_shard_is_told_of_its_own(
    server_of_messages: NatsServer,
    tmp_path: Path,
    collectors: list[CollectorProcess],
    prometheus: list[Prometheus],
) -> None:
    client = await nats.connect(server_of_messages.url)
    stream = client.jetstream()
    await stream.add_stream(StreamConfig(name="S", subjects=["s"]))
    await stream.add_consumer("S", ConsumerConfig(durable_name="c"))
    for _ in range(WAITING):
        await stream.publish("s", b"1")
    await client.close()
    monitor, rules = server_of_messages.monitor, tmp_path / "rules"
    whole = spec(tmp_path / "whole", "shop", "production", {"east": monitor, "west": monitor}, 10)
    parts = {
        "east": {**whole, "sources": {"nats": {"east": whole["sources"]["nats"]["east"]}}},
        "west": {**whole, "sources": {"nats": {"west": whole["sources"]["nats"]["west"]}}},
        "billing": spec(tmp_path, "billing", "production", {"main": monitor}, 100_000),
        "staging": spec(tmp_path, "shop", "staging", {"main": monitor}, 100_000),
    }
    for name, part in parts.items():
        folder = tmp_path / name
        part["state_dir"] = str(folder / "state")
        collectors.append(CollectorProcess(folder, part).start())
    addresses = {
        name: each.url.removeprefix("http://") for name, each in zip(parts, collectors, strict=True)
    }
    built = {"whole": whole, "billing": parts["billing"], "staging": parts["staging"]}
    server = Prometheus(rules, [*addresses.values()], built)
    for name, document in built.items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(json.dumps(document))
        write(rules / name, build(load([file], variables={}), ["prometheus"]))
    prometheus.append(server)
    server.process.start()

    lag = {("shop", "production", "NatsConsumerLagHigh", shard) for shard in ("east", "west")}
    eventually(lambda: server.ever() >= lag)
    server.evaluated()
    assert server.ever() == lag

    collectors[1].kill()
    dead = {
        ("shop", "production", "ObsSourceAbsent", "west"),
        ("shop", "production", "ObsCollectorDown", addresses["west"]),
    }
    eventually(lambda: dead <= server.ever())
    server.evaluated()
    assert server.ever() == lag | dead

    server.process.stop()
    server.process.start()
    eventually(lambda: server.evaluations() > 0)
    server.evaluated()
    assert server.ever() == lag | dead, "a restart of Prometheus is nobody's fault"
