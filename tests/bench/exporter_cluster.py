"""A small real system in which each family of the NATS exporters exists.

Cluster east of three servers, joined to cluster west by gateways, with a leaf node; two accounts
with JetStream, streams with a mirror and a source, consumers that have pending and redelivered
messages, and clients that stay connected.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamSource

from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from tests.integration.nats_binary import run_by
from tests.integration.waiting import answered
from tests.integration.workers import AWAY

PASSWORD: Final = "secret"
_ACCOUNTS: Final = {
    "accounts": {
        "OMS": {"users": [{"user": "oms", "password": PASSWORD}], "jetstream": "enabled"},
        "SHOP": {"users": [{"user": "shop", "password": PASSWORD}], "jetstream": "enabled"},
        "SYS": {"users": [{"user": "sys", "password": PASSWORD}]},
    },
    "system_account": "SYS",
    "no_auth_user": None,
}


@dataclass(frozen=True)
class System:
    """Its servers, all started; `east` are those of the cluster."""

    east: Sequence[NatsServer]
    west: NatsServer
    leaf: NatsServer

    @property
    def all(self) -> Sequence[NatsServer]:
        """Every server."""
        return (*self.east, self.west, self.leaf)


@contextmanager
def running(folder: Path) -> Iterator[System]:
    """The system, filled, with connected clients."""
    system = _servers(folder)
    for each in system.all:
        run_by(each)
    with ExitStack() as stack:
        for each in (*system.east, system.west):
            stack.callback(each.stop)
            each.launch()
        for each in (*system.east, system.west):
            each.process.wait_until(each.healthy, 60)
        stack.callback(system.leaf.stop)
        system.leaf.start(30)
        with asyncio.Runner() as loop:
            clients = loop.run(_fill(system))
            yield system
            loop.run(_close(clients))


def _servers(folder: Path) -> System:
    routes = free_ports(3)
    east_gateway, west_gateway, leaf_port = free_ports(3)
    gateways = [
        {"name": "east", "urls": [f"nats://127.0.0.1:{east_gateway}"]},
        {"name": "west", "urls": [f"nats://127.0.0.1:{west_gateway}"]},
    ]
    gateway_ports = [east_gateway, *free_ports(2)]

    def east(number: int) -> NatsServer:
        cluster = {
            "name": "east",
            "listen": f"127.0.0.1:{routes[number]}",
            "routes": [f"nats://127.0.0.1:{port}" for port in routes],
        }
        gateway = {
            "name": "east",
            "listen": f"127.0.0.1:{gateway_ports[number]}",
            "gateways": gateways,
        }
        extra = _ACCOUNTS | {"cluster": cluster, "gateway": gateway}
        if number == 0:
            extra |= {"leafnodes": {"listen": f"127.0.0.1:{leaf_port}"}}
        return NatsServer(folder / f"n{number + 1}", name=f"n{number + 1}", extra=extra)

    (route,) = free_ports(1)
    west = NatsServer(
        folder / "west",
        name="west",
        extra=_ACCOUNTS
        | {
            "jetstream": None,
            "cluster": {"name": "west", "listen": f"127.0.0.1:{route}"},
            "gateway": {
                "name": "west",
                "listen": f"127.0.0.1:{west_gateway}",
                "gateways": gateways,
            },
        },
    )
    remote = {"url": f"nats://oms:{PASSWORD}@127.0.0.1:{leaf_port}", "account": "OMS"}
    leaf = NatsServer(
        folder / "leaf",
        name="leaf",
        extra=_ACCOUNTS
        | {
            "jetstream": {"store_dir": str(folder / "leaf"), "domain": "leaf"},
            "leafnodes": {"remotes": [remote]},
        },
    )
    return System([east(number) for number in range(3)], west, leaf)


async def _fill(system: System) -> list[Client]:
    servers = [*system.east, system.west, system.leaf]
    clients = [
        await nats.connect(server.url, user=user, password=PASSWORD, name=f"{user}-{server.name}")
        for server, user in (
            *((server, "oms") for server in servers),
            *((server, "shop") for server in system.east),
        )
    ]
    for client in clients:
        await client.subscribe("news.>")
    await _account(clients[0].jetstream(timeout=5), "ORDERS")
    await _account(clients[5].jetstream(timeout=5), "CARTS")
    for client in clients[:2]:
        await client.publish("news.today", b"x" * 100)
        await client.flush()
    return clients


async def _account(js: JetStreamContext, stream: str) -> None:
    async def made(config: dict[str, Any]) -> None:
        await answered(partial(js.add_stream, num_replicas=3, **config), *AWAY)

    subject = stream.lower()
    await made({"name": stream, "subjects": [f"{subject}.>"], "max_msgs": 1000})
    await made({"name": f"{stream}_MIRROR", "mirror": StreamSource(stream)})
    await made({"name": f"{stream}_COPY", "sources": [StreamSource(stream)]})
    for number in range(20):
        await js.publish(f"{subject}.{number % 5}", b"x" * 50)
    config = ConsumerConfig(durable_name="worker", ack_wait=1, max_ack_pending=100)
    await answered(partial(js.add_consumer, stream, config), *AWAY)
    pulled = await js.pull_subscribe_bind("worker", stream)
    messages = await pulled.fetch(8, timeout=5)
    for message in messages[:5]:
        await message.ack_sync()
    await js.create_key_value(bucket=f"{stream}_KV", replicas=3)


async def _close(clients: list[Client]) -> None:
    for client in clients:
        await client.close()
