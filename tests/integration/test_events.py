"""Ack samples and advisories of real servers, counted by a real collector and alerted on.

A server that is left alone says so after ten seconds or more. So two of three are killed first, and
the tests of a single server run meanwhile.
"""

import asyncio
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, StreamConfig

from obs.alerts.targets import build
from obs.artifacts import write
from obs.sandbox.nats_server import NatsCluster, NatsServer
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.sources.nats.elections import SAME_LOSS
from obs.spec.load import load
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, key, spec_of
from tests.integration.nats_binary import run_by
from tests.integration.promtool import needs
from tests.integration.waiting import eventually

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

EVENTS = ["acks", "elections", "changes", "naks", "api"]
OF_ACCOUNT = {"nats": "nats", "account": "$G"}
STREAMS = tuple(f"S{number}" for number in range(6))
PINNED = key("nats_consumer_pinned", **OF_ACCOUNT, stream="S0", consumer="pinned", group="A")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with run_by(NatsServer(tmp_path_factory.mktemp("nats"))) as running:
        asyncio.run(set_up(running))
        yield running


async def set_up(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    js = client.jetstream()
    await js.add_stream(StreamConfig(name="O", subjects=["o"]))
    sampled = ConsumerConfig(durable_name="sampled", sample_freq="100%")
    await js.add_consumer("O", sampled)
    await js.add_consumer("O", ConsumerConfig(durable_name="plain"))
    await client.close()


def of(name: str, consumer: str) -> Any:
    return key(name, **OF_ACCOUNT, stream="O", consumer=consumer)


def started(
    collectors: list[CollectorProcess], folder: Path, server: NatsServer, **more: Any
) -> CollectorProcess:
    connection = {"servers": [server.url], "events": EVENTS}
    source = {"monitor": [server.monitor], "connection": connection, **more}
    collector = CollectorProcess(folder / "obs", spec_of(folder, nats=source))
    collectors.append(collector)
    return collector.start()


async def settle(server: NatsServer, acks: int, naks: int, terms: int) -> None:
    """Messages that the sampled consumer acknowledges and the other one refuses."""
    client = await nats.connect(server.url)
    js = client.jetstream()
    for _ in range(max(acks, naks + terms)):
        await js.publish("o", b"")
    pull = await js.pull_subscribe_bind(consumer="sampled", stream="O")
    for message in await pull.fetch(acks, timeout=5):
        await message.ack_sync()
    pull = await js.pull_subscribe_bind(consumer="plain", stream="O")
    for number, message in enumerate(await pull.fetch(naks + terms, timeout=5)):
        await (message.nak(delay=600) if number < naks else message.term())
    await client.flush()
    await js.add_stream(StreamConfig(name="P", subjects=["p"]))
    await js.delete_stream("P")
    await client.close()


def of_stream(name: str, stream: str) -> Any:
    return key(f"nats_stream_{name}_total", **OF_ACCOUNT, stream=stream, asset="stream")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    servers = NatsCluster(tmp_path_factory.mktemp("nats"))
    for member in servers.members:
        run_by(member)
    with servers:
        asyncio.run(_set_up(servers))
        yield servers


@pytest.fixture(scope="module")
def survivor(
    cluster: NatsCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CollectorProcess]:
    """It reads and hears the first server alone, which survives."""
    folder, first = tmp_path_factory.mktemp("obs"), cluster.members[0]
    source = {"monitor": [first.monitor], "connection": {"servers": [first.url]}}
    process = CollectorProcess(folder, spec_of(folder, nats=source))
    try:
        process.start()
        process.until(
            lambda scrape: all(of_stream("quorum_losses", each) in scrape for each in STREAMS)
        )
        yield process
    finally:
        process.kill()


async def _set_up(cluster: NatsCluster) -> None:
    client = await nats.connect(cluster.members[0].url)
    js = client.jetstream(timeout=10)
    for name in STREAMS:
        await js.add_stream(StreamConfig(name=name, subjects=[name], num_replicas=3))
    if _pins(client):
        config = {
            **{"durable_name": "pinned", "ack_policy": "explicit", "priority_groups": ["A"]},
            **{"priority_policy": "pinned_client", "priority_timeout": 60_000_000_000},
        }
        await _ask(
            client,
            "CONSUMER.CREATE.S0.pinned",
            {"stream_name": "S0", "config": config, "action": ""},
        )
    await client.close()


def _pins(client: Client) -> bool:
    """From 2.11 on."""
    version = client.connected_server_version
    return (version.major, version.minor) >= (2, 11)


async def _ask(client: Client, what: str, request: Any = None) -> Any:
    body = json.dumps(request).encode() if request else b""
    answer = json.loads((await client.request(f"$JS.API.{what}", body, 10)).data)
    assert "error" not in answer, answer
    return answer


async def _step_down(cluster: NatsCluster, stream: str) -> None:
    client = await nats.connect(cluster.members[0].url)
    await _ask(client, f"STREAM.LEADER.STEPDOWN.{stream}")
    await client.close()


async def _pulling(collector: CollectorProcess, cluster: NatsCluster) -> tuple[Scrape, Scrape]:
    """What is exported before a client of the group pulls, and while it does."""
    client = await nats.connect(cluster.members[0].url)
    if not _pins(client):
        pytest.skip("this nats-server pins no clients")
    before = await asyncio.to_thread(collector.until, lambda scrape: PINNED in scrape)
    await client.subscribe("replies")
    pull = json.dumps({"batch": 1, "expires": 30_000_000_000, "group": "A"}).encode()
    await client.publish("S0", b"")
    await client.publish("$JS.API.CONSUMER.MSG.NEXT.S0.pinned", pull, reply="replies")
    during = await asyncio.to_thread(collector.until, lambda scrape: scrape.get(PINNED) == 1)
    await client.close()
    return before, during


@contextmanager
def alerting(collector: CollectorProcess, folder: Path) -> Iterator[PrometheusProcess]:
    """A Prometheus that scrapes the collector each second and has its alerts."""
    write(folder / "rules", build(load([collector.spec_file], variables={}), ["prometheus"]))
    prometheus = PrometheusProcess(
        prometheus_binary() or "",
        folder,
        collector.url.removeprefix("http://"),
        rules=Rules(str(folder / "rules/prometheus/*.yaml"), "127.0.0.1:1"),
        every=1,
    )
    prometheus.start()
    try:
        yield prometheus
    finally:
        prometheus.stop()


def queried(prometheus: PrometheusProcess, expression: str) -> list[dict[str, str]]:
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{prometheus.url}/api/v1/query?{query}", timeout=5) as answer:
            return [each["metric"] for each in json.load(answer)["data"]["result"]]
    except OSError:  # it is starting
        return []


def firing(prometheus: PrometheusProcess, stream: str) -> set[str]:
    """The alerts that fire on a stream or its consumers."""
    expression = f'ALERTS{{alertstate="firing",stream="{stream}"}}'
    return {each["alertname"] for each in queried(prometheus, expression)}


@pytest.fixture(scope="module")
def losing(
    cluster: NatsCluster, survivor: CollectorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PrometheusProcess, float]]:
    """The collector of the cluster is alerted on, and two servers are killed; when that was."""
    with alerting(survivor, tmp_path_factory.mktemp("prometheus")) as prometheus:
        for member in cluster.members[1:]:
            member.kill()
        yield prometheus, time.monotonic()


def test_a_leader_that_steps_down_is_one_election(
    cluster: NatsCluster, survivor: CollectorProcess
) -> None:
    elected = of_stream("leader_elections", "S1")
    before = survivor.scrape()[elected]
    asyncio.run(_step_down(cluster, "S1"))
    after = survivor.until(lambda scrape: scrape[elected] > before)
    assert after[elected] == before + 1
    assert {after[of_stream("quorum_losses", each)] for each in STREAMS} == {0}


def test_a_client_that_a_priority_group_pins_is_told(
    cluster: NatsCluster, survivor: CollectorProcess
) -> None:
    before, during = asyncio.run(_pulling(survivor, cluster))
    assert before[PINNED] == 0
    since = ("nats_consumer_pinned_timestamp_seconds", PINNED[1])
    assert since not in before
    assert abs(during[since] - survivor.clock.now) < 60


@needs("prometheus")
def test_the_collector_goes_on_reading_a_server_that_is_left_alone(
    survivor: CollectorProcess, losing: tuple[PrometheusProcess, float]
) -> None:
    scrape = survivor.polls("nats")
    assert all(of_stream("quorum_losses", each) in scrape for each in STREAMS)


def test_what_a_connection_hears_is_counted_from_zero_on_and_over_restarts(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    count = of("nats_consumer_processing_seconds_count", "sampled")
    naks = of("nats_consumer_naks_total", "plain")
    terminated = of("nats_consumer_terminated_messages_total", "plain")
    deliveries = of("nats_consumer_sampled_deliveries_total", "sampled")
    streams = {"asset": "stream", **OF_ACCOUNT}
    created = key("nats_asset_changes_total", action="created", **streams)
    deleted = key("nats_asset_changes_total", action="deleted", **streams)
    requested = key("nats_audit_requests_total", action="STREAM.CREATE", error="no", **OF_ACCOUNT)
    collector = started(collectors, tmp_path, server)
    known = (count, naks, terminated, deliveries, created, deleted)
    scrape = collector.until(lambda scrape: all(each in scrape for each in known))
    assert {scrape[each] for each in known} == {0}
    assert of("nats_consumer_processing_seconds_count", "plain") not in scrape
    asyncio.run(settle(server, acks=30, naks=4, terms=3))
    collector.until(lambda scrape: [scrape.get(each) for each in known] == [30, 4, 3, 30, 1, 1])
    scrape = collector.until(lambda scrape: scrape.get(requested))
    assert scrape[requested] == 1
    collector.stop()
    collector.start()
    collector.until(lambda scrape: [scrape.get(each) for each in known] == [30, 4, 3, 30, 1, 1])


def test_a_user_who_may_not_hear_events_hears_of_dead_letters_all_the_same(
    tmp_path: Path, collectors: list[CollectorProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    allowed = ["_INBOX.>", "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"]
    allowed.append("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>")
    user = {"user": "u", "password": "secret", "permissions": {"subscribe": {"allow": allowed}}}
    account = {"jetstream": "enabled", "users": [user, {"user": "a", "password": "secret"}]}
    with run_by(NatsServer(tmp_path / "nats", extra={"accounts": {"A": account}})) as server:
        login = {"user": "u", "password": "${OBS_TEST_PASSWORD}", "account": "A"}
        connection = {"servers": [server.url], **login}
        collector = started(collectors, tmp_path, server, connection=connection)
        up = key("obs_source_up", source="nats/connection")
        collector.until(lambda scrape: scrape.get(up) == 1)
        lacking = "lacks the permission to subscribe to $JS.EVENT."
        collector.until(lambda _: lacking.lower() in collector.log.lower())
        # A poll before the refusal was heard may have shown zeros.
        collector.until(lambda scrape: not any("nats_asset" in name for name, _ in scrape))


@needs("prometheus")
def test_alerts_fire_where_messages_are_refused_and_delivered_again(
    server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    spec = spec_of(
        tmp_path,
        nats={
            "monitor": [server.monitor],
            "connection": {"servers": [server.url], "events": EVENTS},
        },
    )
    soon = {"window": "1m", "min_events": 5}
    spec["alerts"] = {"NatsConsumerNakRateHigh": soon, "NatsConsumerProcessingSlow": soon}
    asyncio.run(_add_stream(server, "Q"))
    collectors.append(collector := CollectorProcess(tmp_path / "obs", spec).start())
    with alerting(collector, tmp_path) as prometheus:
        eventually(lambda: queried(prometheus, 'nats_consumer_late_acks_total{stream="Q"}'))
        asyncio.run(_refuse_once(server, "Q", 8))
        wanted = {"NatsConsumerNakRateHigh", "NatsConsumerProcessingSlow"}
        eventually(lambda: firing(prometheus, "Q") >= wanted)


async def _add_stream(server: NatsServer, name: str) -> None:
    client = await nats.connect(server.url)
    js = client.jetstream()
    await js.add_stream(StreamConfig(name=name, subjects=[name]))
    await js.add_consumer(name, ConsumerConfig(durable_name="w", sample_freq="100%"))
    await client.close()


async def _refuse_once(server: NatsServer, stream: str, number: int) -> None:
    """Messages whose first delivery is refused, and whose second is acknowledged."""
    client = await nats.connect(server.url)
    js = client.jetstream()
    for _ in range(number):
        await js.publish(stream, b"")
    pull = await js.pull_subscribe_bind(consumer="w", stream=stream)
    refused = 0
    while refused < number:
        for message in await pull.fetch(number - refused, timeout=5):
            await message.nak(delay=0.1)
            refused += 1
    acknowledged = 0
    while acknowledged < number:
        for message in await pull.fetch(number - acknowledged, timeout=5):
            await message.ack_sync()
            acknowledged += 1
    await client.close()


@needs("prometheus")
def test_a_quorum_that_is_lost_is_counted_once_and_alerted_on(
    survivor: CollectorProcess, losing: tuple[PrometheusProcess, float]
) -> None:
    lost = {each: of_stream("quorum_losses", each) for each in STREAMS}
    found = survivor.until(lambda scrape: any(scrape.get(each) for each in lost.values()))
    losses = {stream: found[each] for stream, each in lost.items() if found[each]}
    prometheus, killed = losing
    assert max(losses.values()) <= 1 + (time.monotonic() - killed) // SAME_LOSS
    eventually(lambda: all("NatsQuorumLost" in firing(prometheus, each) for each in losses))
