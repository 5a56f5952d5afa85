"""Servers that tell a part of what they hold, and what the collector makes of it."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import NotFoundError, ServiceUnavailableError

from obs.sandbox.nats_server import NatsCluster, NatsServer
from tests.integration.collector_process import CollectorProcess, Scrape, key, named, spec_of
from tests.integration.nats_monitor import monitor_of
from tests.integration.waiting import answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration

LAG = "nats_consumer_lag_messages"
STATUS = "nats_consumer_status"
MISSING = "nats_missing_assets"
UP = key("obs_source_up", source="nats")
PENDING = 3
LEADERLESS = 5


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    collector = CollectorProcess(tmp_path / "obs", {})
    yield collector
    collector.kill()
    print(collector.log)  # noqa: T201  shown with a test that fails


def started(collector: CollectorProcess, **nats: Any) -> CollectorProcess:
    """It polls such a NATS source."""
    collector.spec = spec_of(collector.folder, nats=nats)
    return collector.start()


async def created(url: str, names: list[str], replicas: int = 1) -> dict[str, str]:
    """Streams with a consumer `c` and messages; gives the leader of each consumer."""
    client = await nats.connect(url)
    js = client.jetstream(timeout=5)
    await asyncio.gather(*(_create(js, name, replicas) for name in names))
    leaders = {}
    for name in names:
        cluster = (await js.consumer_info(name, "c")).cluster
        leaders[name] = (cluster.leader if cluster else None) or ""
    await client.close()
    return leaders


async def _create(js: JetStreamContext, name: str, replicas: int) -> None:
    config = StreamConfig(name=name, subjects=[name], num_replicas=replicas)
    await answered(partial(js.add_stream, config), *AWAY)
    await answered(partial(js.add_consumer, name, ConsumerConfig(durable_name="c")), *AWAY)
    for _ in range(PENDING):
        await answered(partial(js.publish, name, b"x"), *AWAY)


def of_streams(scrape: Scrape, metric: str) -> dict[str, float]:
    """The values of a metric by stream."""
    return {dict(labels)["stream"]: value for (_, labels), value in named(scrape, metric).items()}


def missing(scrape: Scrape, reason: str, asset: str = "consumer") -> float:
    return scrape[key(MISSING, nats="nats", asset=asset, reason=reason)]


def headline(collector: CollectorProcess) -> str:
    return str(collector.status()["verdict"]["headline"])


def test_consumers_of_a_dead_server_stay_and_are_then_withdrawn_and_not_forgotten(
    nats_cluster: NatsCluster, collector: CollectorProcess
) -> None:
    names = [f"S{number}" for number in range(9)]
    leaders = asyncio.run(created(nats_cluster.members[0].url, names))
    victim = nats_cluster.member(leaders["S0"])
    lost = {name for name, leader in leaders.items() if leader == victim.name}
    others = [member for member in nats_cluster.members if member is not victim]
    started(collector, monitor=[others[0].monitor], stale_after="6s")
    collector.until(lambda scrape: len(of_streams(scrape, LAG)) == len(names))
    victim.kill()
    scrape = collector.until(lambda scrape: missing(scrape, "unreachable") == len(lost))
    assert of_streams(scrape, LAG) == dict.fromkeys(names, PENDING)
    assert scrape[UP] == 1
    assert headline(collector).startswith(f"Server {victim.name} (")
    ready = collector.get("/readyz")
    assert (ready.status, victim.name in ready.text) == (200, True)

    scrape = collector.until(lambda scrape: len(of_streams(scrape, LAG)) < len(names))
    assert set(of_streams(scrape, LAG)) == set(names) - lost
    assert missing(scrape, "unreachable") == len(lost)
    assert collector.get("/readyz").status == 503

    victim.start(timeout=40)
    scrape = collector.until(lambda scrape: len(of_streams(scrape, LAG)) == len(names))
    assert missing(collector.polls("nats"), "unreachable") == 0
    eventually(lambda: headline(collector) == "All is well")
    assert collector.get("/readyz").text == "ready\n"


def test_a_consumer_deleted_while_its_leader_is_down_is_not_missing(
    nats_cluster: NatsCluster, collector: CollectorProcess
) -> None:
    leaders = asyncio.run(created(nats_cluster.members[0].url, ["S", "T"], replicas=3))
    victim = nats_cluster.member(leaders["S"])
    other = next(member for member in nats_cluster.members if member is not victim)
    started(collector, monitor=[other.monitor])
    collector.until(lambda scrape: len(of_streams(scrape, LAG)) == 2)

    async def delete() -> None:
        client = await nats.connect(other.url)
        js = client.jetstream(timeout=5)
        with suppress(NotFoundError):  # by a request whose answer was lost
            await answered(
                partial(js.delete_consumer, "S", "c"), NatsTimeout, ServiceUnavailableError
            )
        await client.close()

    victim.kill()
    asyncio.run(delete())
    # The other consumer may be missing for a moment, until it has a new leader.
    collector.until(
        lambda scrape: set(of_streams(scrape, LAG)) == {"T"} and not missing(scrape, "unreachable")
    )


def test_a_server_that_recovers_loses_no_consumer_and_its_source_is_not_up(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    names = [f"S{number}" for number in range(600)]
    asyncio.run(created(nats_server.url, names))
    started(collector, monitor=[nats_server.monitor], poll="200ms")
    collector.until(lambda scrape: len(of_streams(scrape, LAG)) == len(names))
    polls = key("obs_source_polls_total", source="nats")
    for _ in range(3):
        nats_server.kill()
        collector.until(lambda scrape: scrape[UP] == 0)
        nats_server.launch()

        def back(scrape: Scrape) -> bool:
            assert scrape[UP] == 0 or len(of_streams(scrape, LAG)) == len(names)
            return scrape[UP] == 1

        collector.until(back)
    assert len(of_streams(collector.scrape(), LAG)) == len(names)
    assert collector.scrape()[polls] > 3


def test_jetstream_that_is_switched_off_is_a_fault_and_no_empty_system(
    tmp_path: Path, collector: CollectorProcess
) -> None:
    server = NatsServer(tmp_path / "nats").start()
    try:
        asyncio.run(created(server.url, ["S"]))
        started(collector, monitor=[server.monitor], stale_after="5s")
        collector.until(lambda scrape: of_streams(scrape, LAG) == {"S": PENDING})
        server.stop()
        off = NatsServer(
            tmp_path / "off",
            ports=(server.port, server.monitor_port),
            extra={"jetstream": None},
        ).start()
    finally:
        server.stop()
    try:
        scrape = collector.until(lambda scrape: missing(scrape, "jetstream_off") == 1)
        assert scrape[UP] == 0
        assert of_streams(scrape, LAG) == {"S": PENDING}
        assert headline(collector).startswith("JetStream is off on server")
        scrape = collector.until(lambda scrape: not of_streams(scrape, LAG))
        assert missing(collector.polls("nats"), "jetstream_off") == 1
        assert collector.get("/readyz").status == 503
        assert "JetStream is off" in headline(collector)
        collector.logged("JetStream is off")
    finally:
        off.stop()


def test_what_a_server_lost_with_its_storage_is_missing(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    asyncio.run(created(nats_server.url, ["S"]))
    started(collector, monitor=[nats_server.monitor])
    collector.until(lambda scrape: of_streams(scrape, LAG) == {"S": PENDING})
    nats_server.kill()
    shutil.rmtree(nats_server.directory / nats_server.name)
    nats_server.start()
    scrape = collector.until(lambda scrape: missing(scrape, "restarted") == 1)
    assert missing(scrape, "restarted", "stream") == 1
    assert of_streams(scrape, LAG) == {"S": PENDING}
    assert "missing" in str(collector.status()["verdict"]["problems"])
    asyncio.run(created(nats_server.url, ["S"]))
    collector.until(lambda scrape: missing(scrape, "restarted") == 0)
    eventually(lambda: headline(collector) == "All is well")


def test_an_unhealthy_server_is_told_and_its_streams_are_still_read(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    asyncio.run(created(nats_server.url, ["S"]))
    started(collector, monitor=[nats_server.monitor])
    healthy = key(
        "nats_server_healthy", nats="nats", server=nats_server.monitor.removeprefix("http://")
    )
    collector.until(lambda scrape: scrape.get(healthy) == 1)
    streams = nats_server.directory / nats_server.name / "jetstream" / "$G" / "streams"
    (streams / "LOST").mkdir()
    scrape = collector.until(lambda scrape: scrape.get(healthy) == 0)
    assert scrape[UP] == 1
    assert of_streams(scrape, LAG) == {"S": PENDING}
    assert "LOST" in headline(collector)
    collector.logged("is unhealthy", times=1)
    (streams / "LOST").rmdir()
    collector.until(lambda scrape: scrape.get(healthy) == 1)
    eventually(lambda: headline(collector) == "All is well")


def test_one_server_listed_that_leads_to_no_other_makes_statuses_unknown_with_advice(
    nats_cluster: NatsCluster, collector: CollectorProcess
) -> None:
    names = [f"S{number}" for number in range(8)]
    first = nats_cluster.members[0]
    asyncio.run(created(first.url, names, replicas=3))
    started(collector, monitor=[first.monitor], discover=False)

    def settled_on_leaders(scrape: Scrape) -> bool:
        exact = {sample: value for sample, value in scrape.items() if sample[0] in (STATUS, LAG)}
        assert LEADERLESS not in of_streams(exact, STATUS).values()
        assert set(of_streams(exact, LAG).values()) <= {PENDING}
        leaders = asyncio.run(_leaders(first.url, names))
        led = {name for name in names if leaders[name] == first.name}
        return set(of_streams(exact, LAG)) == led == set(of_streams(exact, STATUS))

    scrape = collector.until(settled_on_leaders)
    led = set(of_streams(scrape, LAG))
    assert led != set(names), "of eight consumers another server leads some"
    unknown = {
        dict(labels)["stream"]
        for (name, labels), value in scrape.items()
        if name == "nats_consumer_status_reason"
        and value == 1
        and dict(labels)["reason"] == "leader_unreachable"
    }
    assert unknown == set(names) - led
    assert missing(scrape, "unreachable") == len(unknown)
    advice = "to sources.nats.nats.monitor"
    assert advice in headline(collector)
    collector.logged(advice)
    check = collector.output_of("check", "--only", "nats-servers")
    assert advice in check.stdout, check


async def _leaders(url: str, names: list[str]) -> dict[str, str]:
    client = await nats.connect(url)
    js = client.jetstream(timeout=5)
    found = {}
    for name in names:
        cluster = (await js.consumer_info(name, "c")).cluster
        found[name] = (cluster.leader if cluster else None) or ""
    await client.close()
    return found


def test_one_server_listed_behind_a_port_of_its_own_leads_to_the_others(
    nats_cluster: NatsCluster, collector: CollectorProcess
) -> None:
    names = [f"S{number}" for number in range(6)]
    asyncio.run(created(nats_cluster.members[0].url, names, replicas=3))
    with monitor_of(nats_cluster.members[0].monitor) as forwarded:
        started(collector, monitor=[forwarded.url])
        all_pending = dict.fromkeys(names, PENDING)  # a follower may be a message behind
        scrape = collector.until(lambda scrape: of_streams(scrape, LAG) == all_pending)
        assert len(named(scrape, "nats_server_up")) == 3


def test_an_address_behind_which_servers_change_loses_none_and_reports_none_twice(
    nats_cluster: NatsCluster, collector: CollectorProcess
) -> None:
    names = [f"S{number}" for number in range(6)]
    members = nats_cluster.members
    asyncio.run(created(members[0].url, names, replicas=3))
    with monitor_of(members[0].monitor) as virtual:
        started(collector, monitor=[virtual.url])
        collector.until(lambda scrape: len(of_streams(scrape, LAG)) == len(names))
        virtual.upstream = members[1].monitor

        def settled(scrape: Scrape) -> bool:
            exact = {sample: value for sample, value in scrape.items() if sample[0] == STATUS}
            assert of_streams(exact, STATUS) == dict.fromkeys(names, 0)
            servers = [dict(labels)["server"] for _, labels in named(scrape, "nats_server_up")]
            assert len(servers) <= 3
            return sorted(servers) == sorted(m.monitor.removeprefix("http://") for m in members)

        collector.until(settled)
        virtual.upstream = members[2].monitor
        for _ in range(3):
            assert settled(collector.polls("nats"))
        eventually(lambda: headline(collector) == "All is well")


@contextmanager
def many_accounts(folder: Path, count: int) -> Iterator[NatsServer]:
    accounts = {f"A{number:04}": {f"u{number}": "p"} for number in range(count)}
    server = NatsServer(folder, accounts=accounts)
    server.start(timeout=60)
    try:
        yield server
    finally:
        server.stop()


def test_all_of_more_accounts_than_a_page_holds_are_read_in_each_poll(
    tmp_path: Path, collector: CollectorProcess
) -> None:
    count = 1100

    async def create(server: NatsServer, number: int, few: asyncio.Semaphore) -> None:
        async with few:
            client = await nats.connect(server.url, user=f"u{number}", password="p")
            await client.jetstream(timeout=20).add_stream(name="S", subjects=["s"])
            await client.close()

    async def create_all(server: NatsServer) -> None:
        few = asyncio.Semaphore(20)
        await asyncio.gather(*(create(server, number, few) for number in range(count)))

    with many_accounts(tmp_path / "nats", count) as server:
        asyncio.run(create_all(server))
        started(collector, monitor=[server.monitor], timeout="10s")
        for _ in range(5):
            scrape = collector.polls("nats")
            assert len(named(scrape, "nats_stream_messages")) == count
            assert scrape[UP] == 1
        assert json.dumps(collector.status()["servers"]).count('"ok"') == 1
