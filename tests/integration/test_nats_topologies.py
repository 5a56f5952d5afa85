"""Leaf nodes with a JetStream domain of their own, and two clusters joined by a gateway."""

import asyncio
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import Placement

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.waiting import PATIENCE, answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration
__all__ = ["collectors"]

ADMIN = {"user": "admin", "password": "secret"}
SYSTEM = {"user": "sys", "password": "secret"}
ACCOUNTS = {
    "accounts": {
        "OMS": {"users": [ADMIN], "jetstream": "enabled"},
        "SYS": {"users": [SYSTEM]},
    },
    "system_account": "SYS",
}


def polled(tmp_path: Path, **fields: Any) -> NatsSnapshot:
    (tmp_path / "password").write_text("secret\n")
    spec = NatsSource.model_validate(fields)
    with closing(open_cluster("main", spec, time.time)) as cluster:
        return cluster.poll()


def signed_in(tmp_path: Path, server: NatsServer, user: str) -> dict[str, Any]:
    password = tmp_path / "password"
    return {"servers": [server.url], "user": user, "password_file": str(password)}


def streams(snapshot: NatsSnapshot) -> dict[str, int]:
    assert snapshot.tells_all
    return {each.name: each.messages for each in snapshot.streams}


@pytest.fixture
def leaf_and_hub(tmp_path: Path) -> Any:
    """A hub with a stream, and a leaf node of another JetStream domain with its own."""
    (leaf_port,) = free_ports(1)
    hub = NatsServer(
        tmp_path / "hub",
        name="hub",
        extra=ACCOUNTS
        | {
            "jetstream": {"store_dir": str(tmp_path / "hub"), "domain": "hub"},
            "leafnodes": {"listen": f"127.0.0.1:{leaf_port}"},
        },
    )
    remotes = [
        {"url": f"nats://{user}:secret@127.0.0.1:{leaf_port}", "account": account}
        for user, account in (("admin", "OMS"), ("sys", "SYS"))
    ]
    leaf = NatsServer(
        tmp_path / "leaf",
        name="leaf",
        extra=ACCOUNTS
        | {
            "jetstream": {"store_dir": str(tmp_path / "leaf"), "domain": "leaf"},
            "leafnodes": {"remotes": remotes},
        },
    )
    with hub, leaf:
        for server, domain, number in ((hub, "hub", 3), (leaf, "leaf", 5)):
            asyncio.run(_fill(server, domain, number))
        yield leaf, hub


async def _fill(server: NatsServer, domain: str, number: int) -> None:
    """The same stream name in both domains."""
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream(domain=domain)
    await js.add_stream(name="ORDERS", subjects=[f"orders.{domain}"])
    for _ in range(number):
        await js.publish(f"orders.{domain}", b"x")
    await client.close()


def test_a_domain_is_read_through_the_hub(leaf_and_hub: Any, tmp_path: Path) -> None:
    _, hub = leaf_and_hub

    def of(domain: str) -> dict[str, int]:
        login = signed_in(tmp_path, hub, "admin") | {"account": "OMS", "domain": domain}
        return streams(polled(tmp_path, connection=login))

    assert eventually(lambda: of("leaf") == {"ORDERS": 5})
    assert of("hub") == {"ORDERS": 3}


def test_the_system_account_tells_of_the_domain_that_it_is_connected_to(
    leaf_and_hub: Any, tmp_path: Path
) -> None:
    leaf, hub = leaf_and_hub
    for server, number in ((hub, 3), (leaf, 5)):
        snapshot = polled(tmp_path, system=signed_in(tmp_path, server, "sys"))
        assert streams(snapshot) == {"ORDERS": number}
        assert [each.name for each in snapshot.servers] == [server.name]


def test_a_supercluster_is_told_over_one_connection(tmp_path: Path) -> None:
    east_port, west_port = free_ports(2)
    gateways = [
        {"name": name, "urls": [f"nats://127.0.0.1:{port}"]}
        for name, port in (("east", east_port), ("west", west_port))
    ]

    def server(name: str, port: int) -> NatsServer:
        (route,) = free_ports(1)
        return NatsServer(
            tmp_path / name,
            name=name,
            extra=ACCOUNTS
            | {
                "cluster": {
                    "name": name,
                    "listen": f"127.0.0.1:{route}",
                    "routes": [f"nats://127.0.0.1:{route}"],
                },
                "gateway": {
                    "name": name,
                    "listen": f"127.0.0.1:{port}",
                    "gateways": gateways,
                },
            },
        )

    east, west = server("east", east_port), server("west", west_port)
    with ExitStack() as stack:
        for each in (east, west):
            stack.callback(each.stop)
            each.launch()
        for each in (east, west):
            each.process.wait_until(each.healthy, PATIENCE)
        asyncio.run(_place(east))

        def told() -> bool:
            snapshot = polled(tmp_path, system=signed_in(tmp_path, east, "sys"))
            by_account = polled(
                tmp_path, connection=signed_in(tmp_path, west, "admin") | {"account": "OMS"}
            )
            there = {"EAST": 2, "WEST": 2}
            return (
                {each.name for each in snapshot.servers} == {"east", "west"}
                and streams(snapshot) == there
                and streams(by_account) == there
            )

        eventually(told)


async def _place(server: NatsServer) -> None:
    """A stream in each cluster."""
    client = await nats.connect(server.url, **ADMIN)
    js = client.jetstream(timeout=5)
    for cluster in ("east", "west"):
        await answered(
            partial(
                js.add_stream,
                name=cluster.upper(),
                subjects=[cluster],
                placement=Placement(cluster=cluster),
            ),
            *AWAY,
        )
        for _ in range(2):
            await answered(partial(js.publish, cluster, b"x"), *AWAY)
    await client.close()


def test_a_leaf_node_that_is_lost_is_told_by_its_name(
    leaf_and_hub: Any, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    leaf, hub = leaf_and_hub
    (tmp_path / "password").write_text("secret\n")
    sources: dict[str, dict[str, Any]] = {
        "http": {"monitor": [hub.monitor]},
        "system": {"system": signed_in(tmp_path, hub, "sys")},
    }
    running = {}
    for way, source in sources.items():
        folder = tmp_path / way
        running[way] = CollectorProcess(folder, spec_of(folder, nats=source))
        collectors.append(running[way].start())
    up = key("nats_leaf_node_up", nats="nats", account="OMS", leaf="leaf")
    sent = key("nats_leaf_node_sent_messages_total", nats="nats", account="OMS", leaf="leaf")
    for each in running.values():
        each.until(lambda scrape: scrape.get(up) == 1 and scrape.get(sent) is not None)
    leaf.kill()
    for each in running.values():
        each.until(lambda scrape: scrape.get(up) == 0)
        assert sent not in each.scrape()
    leaf.start()
    for each in running.values():
        each.until(lambda scrape: scrape.get(up) == 1)
