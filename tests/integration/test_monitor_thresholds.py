"""Thresholds in metadata, on a real server: by all ways in, to the alert, and back."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest

from obs.alerts.targets import build
from obs.artifacts import write
from obs.checks.catalogue import BY_NAME
from obs.checks.run import run
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.monitored import compared_consumer, compared_stream
from obs.sources.nats.opened import open_cluster
from obs.spec.load import load
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.nats_binary import run_by
from tests.integration.waiting import eventually

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

PREFIX = "io.nats.monitor."
WORKER = {
    "outstanding-ack-critical": "3",
    "unprocessed-critical": "1000",
    "last-ack-critical": "1h",
    "waiting-critical": "many",
}
ORDERS = {"subjects-critical": "2", "msgs-warn": "2", "peer-expect": "0"}


@dataclass
class Shop:
    """A server with a stream and a consumer that have thresholds."""

    server: NatsServer

    def api(self, subject: str, body: object = None) -> Any:
        """One request of the JetStream API, by the account's user."""

        async def ask() -> Any:
            client = await nats.connect(self.server.url, user="shop", password="shop")
            data = json.dumps(body).encode() if body is not None else b""
            answer = json.loads((await client.request(f"$JS.API.{subject}", data)).data)
            await client.close()
            assert "error" not in answer, answer
            return answer

        return asyncio.run(ask())

    def publish(self, *subjects: str, payload: bytes = b"{}") -> None:
        async def send() -> None:
            client = await nats.connect(self.server.url, user="shop", password="shop")
            for subject in subjects:
                await client.request(subject, payload)
            await client.close()

        asyncio.run(send())

    def fetch(self, number: int) -> list[str]:
        """Fetch messages without acknowledging them; returns where to do so."""

        async def take() -> list[str]:
            client = await nats.connect(self.server.url, user="shop", password="shop")
            bound = await client.jetstream().pull_subscribe_bind(consumer="worker", stream="ORDERS")
            replies = [message.reply for message in await bound.fetch(number)]
            await client.close()
            return replies

        return asyncio.run(take())

    def mark(self, *of: str, **settings: str) -> None:
        """Change a stream's or a consumer's thresholds."""
        kind = "CONSUMER" if len(of) > 1 else "STREAM"
        config = self.api(f"{kind}.INFO.{'.'.join(of)}")["config"]
        named = {f"{PREFIX}{name.replace('_', '-')}": text for name, text in settings.items()}
        config["metadata"] = {**config.get("metadata", {}), **named}
        if kind == "STREAM":
            self.api(f"STREAM.UPDATE.{of[0]}", config)
        else:
            body = {"stream_name": of[0], "config": config}
            self.api(f"CONSUMER.DURABLE.CREATE.{'.'.join(of)}", body)

    def poll(self, **way: Any) -> NatsSnapshot:
        source = NatsSource.model_validate({"timeout": "5s", **way})
        cluster = open_cluster("main", source, time.time)
        try:
            return cluster.poll()
        finally:
            cluster.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    accounts = {"SYS": {"sys": "sys"}, "SHOP": {"shop": "shop"}}
    with run_by(NatsServer(tmp_path / "nats", accounts=accounts)) as server:
        shop = Shop(server)
        limit = {"max_age": 3600 * 10**9, "storage": "memory"}
        shop.api("STREAM.CREATE.ORDERS", {"name": "ORDERS", "subjects": ["orders.*"], **limit})
        consumer = {"durable_name": "worker", "ack_policy": "explicit", "max_deliver": 3}
        shop.api(
            "CONSUMER.DURABLE.CREATE.ORDERS.worker", {"stream_name": "ORDERS", "config": consumer}
        )
        shop.mark("ORDERS", **ORDERS)
        shop.mark("ORDERS", "worker", **WORKER)
        yield shop


def thresholds(snapshot: NatsSnapshot) -> dict[str, tuple[float, float, bool]]:
    """Limit, value and whether it is beyond, by check."""
    (stream,), (consumer,) = snapshot.streams, snapshot.consumers
    every = (*compared_stream(stream), *compared_consumer(consumer, snapshot.at))
    return {each.check: (each.limit, each.value, each.beyond) for each in every}


def test_all_ways_in_read_the_same_thresholds_and_compare_the_same(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "shop")
    monkeypatch.setenv("SYS_PASSWORD", "sys")
    shop.publish("orders.a", "orders.b", "orders.a")
    shop.fetch(3)
    connection = {"servers": [shop.server.url], "user": "shop", "password": "${SHOP_PASSWORD}"}
    system = {"servers": [shop.server.url], "user": "sys", "password": "${SYS_PASSWORD}"}
    ways: dict[str, dict[str, Any]] = {
        "monitor": {"monitor": [shop.server.monitor]},
        "system": {"system": system},
        "connection": {"connection": {**connection, "account": "SHOP"}},
    }
    found: dict[str, dict[str, tuple[float, float, bool]]] = {}
    for name, way in ways.items():
        spec_file = tmp_path / f"{name}.json"
        document = spec_of(tmp_path, nats={"timeout": "5s", **way})
        spec_file.write_text(json.dumps(document))
        source = load([spec_file]).sources.nats["nats"]
        cluster = open_cluster("main", source, time.time)
        found[name] = thresholds(cluster.poll())
        cluster.close()
    assert found["monitor"] == found["system"] == found["connection"]
    assert found["monitor"] == {
        "subjects-critical": (2, 2, True),
        "msgs-warn": (2, 3, False),
        "outstanding-ack-critical": (3, 3, True),
        "unprocessed-critical": (1000, 0, False),
        "last-ack-critical": (3600, float("inf"), True),
    }


def test_thresholds_that_are_disabled_on_the_asset_are_not_compared(shop: Shop) -> None:
    shop.publish("orders.a")
    shop.mark("ORDERS", "worker", enabled="false")
    found = thresholds(shop.poll(monitor=[shop.server.monitor]))
    assert set(found) == {"subjects-critical", "msgs-warn"}


@pytest.mark.skipif(prometheus_binary() is None, reason="prometheus is not installed")
def test_an_alert_names_check_value_and_threshold_and_ends_when_the_consumer_is_well(
    shop: Shop,
    tmp_path: Path,
    collectors: list[CollectorProcess],
) -> None:
    document = spec_of(tmp_path, nats={"monitor": [shop.server.monitor], "config_every": "1s"})
    name = "NatsConsumerBeyondOwnThreshold"
    document["alerts"] = {name: {"for": "0s"}, "NatsStreamBeyondOwnThreshold": {"for": "0s"}}
    collector = CollectorProcess(tmp_path / "collector", document)
    collectors.append(collector)
    collector.start()
    rules = tmp_path / "alerts"
    files = write(rules, build(load([collector.spec_file]), ["prometheus"]))
    address = collector.url.removeprefix("http://")
    binary = prometheus_binary()
    assert binary
    (nats_rules,) = [file for file in files if file.endswith("nats.yaml")]
    evaluated = Rules(str(rules / nats_rules), "127.0.0.1:1")
    prometheus = PrometheusProcess(binary, tmp_path, address, rules=evaluated, every=1)
    prometheus.start()
    try:
        shop.mark("ORDERS", "worker", last_ack_critical="0")
        shop.publish("orders.a", "orders.a", "orders.a")
        replies = shop.fetch(3)
        firing = eventually(lambda: _firing(prometheus.url, name))
        assert firing == [
            "Consumer worker on stream ORDERS is beyond its outstanding-ack-critical: the value is "
            "3, the threshold in its metadata 3; durations are in seconds."
        ]
        shop.publish(*replies, payload=b"+ACK")
        eventually(lambda: _firing(prometheus.url, name) == [])
        shop.publish("orders.b")
        of_stream = "NatsStreamBeyondOwnThreshold"
        (text,) = eventually(lambda: _firing(prometheus.url, of_stream)) or []
        assert (
            "beyond its subjects-critical: the value is 2, the threshold in its metadata 2" in text
        )
        shop.mark("ORDERS", subjects_critical="10")
        eventually(lambda: _firing(prometheus.url, of_stream) == [])
    finally:
        prometheus.stop()
    value = {"consumer": "worker", "check": "unprocessed-critical"}
    labels = {"nats": "nats", "account": "SHOP", "stream": "ORDERS", **value}
    assert collector.scrape()[key("nats_consumer_monitor_limit", **labels)] == 1000
    odd = 'io.nats.monitor.waiting-critical in its metadata is "many", no whole number'
    collector.logged(odd, times=1)
    findings = run(load([collector.spec_file]), [BY_NAME["jetstream-thresholds"]])[0].findings
    assert [each.resource for each in findings] == ["ORDERS/worker"]


def _firing(url: str, name: str) -> list[str] | None:
    """Descriptions of the alerts of a name that fire; None where nobody answers yet."""
    try:
        with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=2) as answer:
            alerts = json.load(answer)["data"]["alerts"]
    except OSError:
        return None
    return [
        each["annotations"]["description"]
        for each in alerts
        if each["labels"]["alertname"] == name and each["state"] == "firing"
    ]
