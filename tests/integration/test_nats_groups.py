"""Routes, clients and Raft groups of a real cluster, by HTTP and by the system account; a route
that is lost, and a client that reads slowly."""

import asyncio
import contextlib
import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from nats.aio.client import Client

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import AccountConnections
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.cuttable import Cuttable
from tests.integration.nats_binary import run_by
from tests.integration.waiting import PATIENCE, answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration
__all__ = ["collectors"]

ACCOUNTS = {"OMS": {"obs": "secret"}, "SYS": {"sys": "secret"}}
GROUPS = {
    "collect": ["servers", "routes", "connections", "raft"],
    "client_connections": {"accounts": ["OMS"]},
}
PENDING_LIMIT = 8 << 20


class Cluster:
    """Three servers; what leads from the first to the second, and back, can be cut."""

    def __init__(self, folder: Path) -> None:
        self._ports = ports = free_ports(3)
        self._between = [Cuttable(port) for port in ports[:2]]
        direct = [f"nats://127.0.0.1:{port}" for port in ports]
        first, second = (each.url for each in self._between)
        routes = ([direct[0], direct[2]], [first, direct[2]], direct)
        advertised = [first, second, direct[2]]
        self.servers = tuple(
            run_by(
                NatsServer(
                    folder,
                    name=f"n{number}",
                    accounts=ACCOUNTS,
                    extra={
                        "max_pending": PENDING_LIMIT,
                        "write_deadline": "600s",
                        "cluster": {
                            "name": "c",
                            "listen": f"127.0.0.1:{ports[number - 1]}",
                            "advertise": advertised[number - 1].removeprefix("nats://"),
                            "routes": routes[number - 1],
                        },
                    },
                )
            )
            for number in (1, 2, 3)
        )

    def cut(self) -> None:
        for each in self._between:
            each.cut()

    def mend(self) -> None:
        for each in self._between:
            each.mend()

    def __enter__(self) -> "Cluster":
        first, *others = self.servers
        first.launch()
        first.process.wait_until(partial(_accepts, self._ports[0]), 10)  # before it is cuttable
        for each in others:
            each.launch()
        for each in self.servers:
            each.process.wait_until(each.healthy, PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.servers:
            each.stop()
        for proxy in self._between:
            proxy.close()


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("nats")) as cluster:
        yield cluster


def source(tmp_path: Path, cluster: Cluster, way: str) -> dict[str, Any]:
    password = tmp_path / "password"
    password.write_text("secret\n")
    login = {"servers": [cluster.servers[0].url], "user": "sys", "password_file": str(password)}
    monitors = [each.monitor for each in cluster.servers]
    ways: dict[str, Any] = {
        "http": {"monitor": monitors, "discover": False},
        "system": {"system": login},
    }
    return dict(ways[way] | GROUPS)


def polled(tmp_path: Path, cluster: Cluster, way: str) -> NatsSnapshot:
    spec = NatsSource.model_validate(source(tmp_path, cluster, way))
    with closing(open_cluster("main", spec, time.time)) as opened:
        return opened.poll()


async def fill(client: Client) -> None:
    js = client.jetstream(timeout=5)
    await answered(
        partial(js.add_stream, name="ORDERS", subjects=["orders"], num_replicas=3), *AWAY
    )
    await answered(partial(js.publish, "orders", b"x"), *AWAY)


def told(snapshot: NatsSnapshot) -> Any:
    """Of each server by its name: the servers it has routes to, its clients, its Raft groups."""

    def clients(accounts: tuple[AccountConnections, ...] | None) -> list[AccountConnections]:
        return [
            msgspec.structs.replace(
                each,
                connections=tuple(
                    msgspec.structs.replace(one, round_trip=None, active=None)
                    for one in each.connections
                ),
            )
            for each in accounts or ()
        ]

    return {
        each.name: (
            {(link.name, link.connections) for link in each.routes or ()},
            clients(each.clients),
            each.raft,
        )
        for each in snapshot.servers
    }


def test_both_ways_tell_the_same_routes_clients_and_raft_groups(
    tmp_path: Path, cluster: Cluster
) -> None:
    async def compared() -> None:
        login = {"user": "obs", "password": "secret"}
        urls = [each.url for each in cluster.servers]
        client = await nats.connect(urls[0], name="billing", **login)
        other = await nats.connect(urls[1], **login)
        await fill(client)

        def same_by_system(found: Any) -> bool:
            by_system = told(polled(tmp_path, cluster, "system"))
            if all(raft is None for *_, raft in by_system.values()):  # before 2.11
                found = {name: (*each[:2], None) for name, each in found.items()}
            return bool(by_system == found)

        def same() -> bool:
            found = told(polled(tmp_path, cluster, "http"))
            routes, clients, raft = found["n1"]
            return (
                {name for name, _ in routes} == {"n2", "n3"}
                and [one.name for each in clients for one in each.connections] == ["billing"]
                and len(raft) == 2
                and sum(sum(each.states.values()) for each in raft) == 2
                and all(not each.leaderless for each in raft)
                and same_by_system(found)
            )

        await asyncio.to_thread(eventually, same, 20)
        await client.close()
        await other.close()

    asyncio.run(compared())


def test_a_slow_reader_and_a_lost_route_are_told_by_name(
    tmp_path: Path, cluster: Cluster, collectors: list[CollectorProcess]
) -> None:
    collector = CollectorProcess(
        tmp_path, spec_of(tmp_path, nats=source(tmp_path, cluster, "http"))
    )
    collectors.append(collector.start())
    first, second, _ = cluster.servers
    route = key(
        "nats_route_up", nats="nats", server=first.monitor.removeprefix("http://"), route="n2"
    )
    collector.until(lambda scrape: scrape.get(route) == 1)
    slow = {"nats": "nats", "account": "OMS", "client": "slow"}
    share = key("nats_client_pending_ratio", **slow)
    with socket.create_connection((first.host, first.port)) as reader:
        reader.sendall(
            b'CONNECT {"user":"obs","pass":"secret","name":"slow","verbose":false}\r\n'
            b"SUB noise 1\r\nPING\r\n"
        )
        collector.until(lambda scrape: scrape.get(share) == 0)
        asyncio.run(_fill_pending(first))
        scrape = collector.until(lambda scrape: scrape[share] > 0.5)
        assert scrape[share] <= 1
        assert scrape[key("nats_client_connections", **slow)] == 1
        assert scrape[key("nats_client_sent_messages_total", **slow)] > 0
    cluster.cut()
    collector.until(lambda scrape: scrape.get(route) == 0)
    cluster.mend()
    collector.until(lambda scrape: scrape.get(route) == 1)
    second.kill()
    try:
        collector.until(lambda scrape: route not in scrape)  # NatsServerDown tells
    finally:
        second.start(30)


async def _fill_pending(server: NatsServer) -> None:
    """Publish until more than half of what may wait for a client waits for the one that is slow."""

    def waiting() -> int:
        with urllib.request.urlopen(f"{server.monitor}/connz?acc=OMS", timeout=5) as answer:
            found = {each.get("name"): each for each in json.load(answer)["connections"]}
        return int(found["slow"]["pending_bytes"])

    client = await nats.connect(server.url, user="obs", password="secret")
    while await asyncio.to_thread(waiting) <= 0.6 * PENDING_LIMIT:
        for _ in range(4):
            await client.publish("noise", b"x" * 256_000)
        await client.flush()
    await client.close()
