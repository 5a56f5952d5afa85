"""One SLO over the consumers of a real server, and SLOs of what was measured already."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from obs.alerts.targets import build
from obs.artifacts import write
from obs.checks.budget_gate import budgets, chosen
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.spec.load import load
from obs.web.status import decode
from tests.integration.collector_process import CollectorProcess, key, named, spec_of
from tests.integration.promtool import needs
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

SERVICE = {"service": "orders", "objective": 99.0}
SLOS: list[dict[str, Any]] = [
    {
        "name": "keeps-up",
        **SERVICE,
        "team": "fulfilment",
        "owner": "jane@example.com",
        "labels": {"domain": "shipping"},
        "links": {"runbook": "https://wiki.example.com/keeps-up"},
        "tiers": [{"severity": "page", "long": "10m", "short": "5m", "factor": 2}],
        "sli": {
            "nats_lag": {
                "source": "nats",
                "stream": "ORD*",
                "consumer": "*",
                "by": "consumer",
                "max_messages": 5,
            }
        },
    },
    {
        "name": "fits",
        **SERVICE,
        "sli": {
            "metric": {
                "source": "nats",
                "metric": "nats_stream_messages",
                "where": {"stream": "ORDERS"},
                "below": 1000,
            }
        },
    },
    {
        "name": "slow-keeps-up",
        **SERVICE,
        "sli": {
            "nats_lag": {
                "source": "nats",
                "stream": "ORDERS",
                "consumer": "slow",
                "max_messages": 5,
            }
        },
    },
    {"name": "both", **SERVICE, "sli": {"composite": {"of": ["fits", "slow-keeps-up"]}}},
    {
        "name": "mostly",
        **SERVICE,
        "sli": {
            "composite": {
                "of": ["fits", "slow-keeps-up"],
                "mode": "weighted",
                "weights": {"fits": 3},
            }
        },
    },
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        asyncio.run(_publish(server))
        yield server


async def _publish(server: NatsServer) -> None:
    """Ten messages, of which one consumer has processed all and another none."""
    client = await nats.connect(server.url)
    stream = client.jetstream()
    await stream.add_stream(name="ORDERS", subjects=["orders"])
    for name in ("fast", "slow"):
        await stream.add_consumer("ORDERS", _consumer(name))
    for _ in range(10):
        await stream.publish("orders", b"x")
    pulled = await stream.pull_subscribe_bind("fast", "ORDERS")
    for message in await pulled.fetch(10):
        await message.ack_sync()
    await client.close()


@pytest.fixture(scope="module")
def collector(
    server: NatsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CollectorProcess]:
    """One that has seen five minutes."""
    folder = tmp_path_factory.mktemp("collector")
    source = {"monitor": [server.monitor], "streams": {"include": ["ORD*"]}}
    collector = CollectorProcess(folder, spec_of(folder, nats=source, slos=SLOS))
    collector.start()
    collector.clock.turn(5)
    collector.until(lambda scrape: key("slo_burn_rate", **_slow(window="5m")) in scrape)
    yield collector
    collector.kill()


def _object(name: str, **labels: str) -> dict[str, str]:
    return {
        "slo": "keeps-up",
        "slo_service": "orders",
        "slo_object": f"ORDERS/{name}",
        **labels,
    }


def _slow(**labels: str) -> dict[str, str]:
    return _object("slow", **labels)


def test_only_the_budget_of_the_consumer_that_lags_burns(collector: CollectorProcess) -> None:
    scrape = collector.scrape()
    assert scrape[key("slo_burn_rate", **_slow(window="5m"))] > 2
    assert scrape[key("slo_burn_rate", **_object("fast", window="5m"))] == 0.0
    assert scrape[key("slo_objects", slo="keeps-up", slo_service="orders")] == 2.0
    assert scrape[key("slo_objects_dropped", slo="keeps-up", slo_service="orders")] == 0.0
    of_all = {dict(labels).get("slo_object") for (_, labels) in named(scrape, "slo_good_events")}
    assert of_all == {None, "ORDERS/fast", "ORDERS/slow"}


def test_labels_team_and_owner_are_on_the_info_series_and_in_the_status(
    collector: CollectorProcess,
) -> None:
    (info,) = (
        dict(labels)
        for _, labels in named(collector.scrape(), "slo_info")
        if dict(labels).get("slo_object") == "ORDERS/slow"
    )
    assert (info["team"], info["owner"]) == ("fulfilment", "jane@example.com")
    assert info["domain"] == "shipping"
    slos = {(slo["name"], slo["object"]): slo for slo in collector.status()["slos"]}
    slow = slos["keeps-up", "ORDERS/slow"]
    assert (slow["state"], slow["urgent"]) == ("exhausted", True) or slow["state"] == "burning"
    assert slos["keeps-up", "ORDERS/fast"]["state"] == "ok"
    assert slow["labels"]["team"] == "fulfilment"
    assert slow["links"] == {"runbook": "https://wiki.example.com/keeps-up"}


def test_a_composite_is_as_good_as_its_worst_part_or_their_weighted_mean(
    collector: CollectorProcess,
) -> None:
    scrape = collector.scrape()

    def ratio(slo: str) -> float:
        labels = {"slo": slo, "slo_service": "orders"}
        good = scrape[key("slo_good_events_total", **labels)]
        return good / scrape[key("slo_events_total", **labels)]

    assert (ratio("fits"), ratio("slow-keeps-up"), ratio("both")) == (1.0, 0.0, 0.0)
    assert ratio("mostly") == 0.75


def test_gate_and_report_have_each_object(collector: CollectorProcess) -> None:
    status = decode(collector.get("/api/v1/status").text.encode())
    gate = {each.name: each for each in budgets(chosen(status.slos, ["keeps-up"]), 0.0)}
    assert gate.keys() == {"orders/keeps-up of ORDERS/slow", "orders/keeps-up of ORDERS/fast"}
    assert gate["orders/keeps-up of ORDERS/fast"].remaining == 1.0
    past = json.loads(collector.get("/api/v1/slo/history").text)["slos"]
    of_split = {slo["object"]: slo for slo in past if slo["name"] == "keeps-up"}
    assert of_split.keys() == {"ORDERS/slow", "ORDERS/fast"}
    assert of_split["ORDERS/slow"]["bad"]
    assert not of_split["ORDERS/fast"]["bad"]


def _consumer(name: str) -> ConsumerConfig:
    return ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT)


async def _with(server: NatsServer, consumer: str) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().add_consumer("ORDERS", _consumer(consumer))
    await client.close()


async def _without(server: NatsServer, consumer: str) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().delete_consumer("ORDERS", consumer)
    await client.close()


@needs("prometheus")
def test_the_alert_names_the_consumer_that_lags_and_no_other(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    write(tmp_path, build(load([collector.spec_file]), ["prometheus"]))
    binary = prometheus_binary()
    assert binary is not None
    rules = Rules(str(tmp_path / "prometheus" / "slo.yaml"), "127.0.0.1:9")
    target = collector.url.removeprefix("http://")
    server = PrometheusProcess(binary, tmp_path, target, rules=rules, every=1)
    server.start()
    try:
        alerts = eventually(lambda: _firing(server.url))
    finally:
        server.stop()
    fast = [each for each in alerts if each["labels"]["alertname"] == "SloBudgetBurnsFast"]
    (alert,) = (each for each in fast if each["labels"]["slo"] == "keeps-up")
    assert alert["labels"]["slo_object"] == "ORDERS/slow"
    assert (alert["labels"]["team"], alert["labels"]["domain"]) == ("fulfilment", "shipping")
    assert alert["annotations"]["link_runbook"] == "https://wiki.example.com/keeps-up"
    assert alert["annotations"]["description"].startswith("SLO keeps-up for ORDERS/slow of ")


def _firing(url: str) -> list[dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{url}/api/v1/alerts", timeout=5) as answer:
            alerts: list[dict[str, Any]] = json.load(answer)["data"]["alerts"]
    except OSError:
        return []
    return [each for each in alerts if each["state"] == "firing" and "slo_object" in each["labels"]]


def test_an_object_that_is_gone_has_no_series_and_its_budget_waits_for_its_return(
    collector: CollectorProcess, server: NatsServer
) -> None:
    events = key("slo_events_total", **_object("fast"))
    asked = key("slo_asked_since_timestamp_seconds", **_object("fast"))
    before = collector.scrape()[events]
    asyncio.run(_without(server, "fast"))
    scrape = collector.until(lambda scrape: events not in scrape and asked not in scrape)
    assert scrape[key("slo_objects", slo="keeps-up", slo_service="orders")] == 1.0
    asyncio.run(_with(server, "fast"))
    assert collector.until(lambda scrape: events in scrape)[events] >= before > 0
