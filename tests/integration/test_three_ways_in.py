"""The same cluster by monitoring ports, by the system account, and with an account's own rights."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from obs.sandbox.nats_server import NatsCluster
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from tests.integration.waiting import answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration

ACCOUNTS = {"OMS": {"obs": "secret"}, "CRM": {"crm": "secret"}, "SYS": {"sys": "secret"}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    with NatsCluster(tmp_path_factory.mktemp("nats"), accounts=ACCOUNTS) as cluster:
        asyncio.run(_fill(cluster))
        yield cluster


async def _fill(cluster: NatsCluster) -> None:
    """Streams of both accounts with some messages, and consumers that have taken some of them."""
    for account, user in (("OMS", "obs"), ("CRM", "crm")):
        urls = [member.url for member in cluster.members]
        client = await nats.connect(urls, user=user, password="secret")
        js = client.jetstream(timeout=5)
        for replicas in (1, 3):
            stream = f"{account}_{replicas}"
            subjects = [f"{stream}.>"]
            await answered(
                partial(js.add_stream, name=stream, subjects=subjects, num_replicas=replicas), *AWAY
            )
            for number in range(10):
                await answered(partial(js.publish, f"{stream}.{number}", b"x"), *AWAY)
            for name in ("a", "b"):
                config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT)
                await answered(partial(js.add_consumer, stream, config), *AWAY)
            for name, number in (("a", 3), ("b", 7)):
                pulled = await js.pull_subscribe_bind(name, stream)
                for message in await pulled.fetch(number, timeout=5):
                    if name == "b":
                        await message.ack_sync()
        await client.close()


def source(tmp_path: Path, cluster: NatsCluster, way: str) -> NatsSource:
    """The spec of the cluster by one way."""
    urls = [member.url for member in cluster.members]
    password = tmp_path / "password"
    password.write_text("secret\n")
    signed_in: dict[str, Any] = {"servers": urls, "password_file": str(password)}
    ways: dict[str, dict[str, Any]] = {
        "monitor": {"monitor": [member.monitor for member in cluster.members]},
        "system": {"system": signed_in | {"user": "sys"}},
        "accounts": {
            "connections": [
                signed_in | {"user": "obs", "account": "OMS"},
                signed_in | {"user": "crm", "account": "CRM"},
            ]
        },
    }
    return NatsSource.model_validate(ways[way])


def polled(tmp_path: Path, cluster: NatsCluster, way: str) -> NatsSnapshot:
    with closing(open_cluster("main", source(tmp_path, cluster, way), time.time)) as opened:
        return opened.poll()


def told(snapshot: NatsSnapshot) -> tuple[list[Stream], list[Consumer]]:
    """Streams and consumers, without who told it and when, and what changes meanwhile."""
    told_by = {"server": "", "at": None}
    streams = [
        msgspec.structs.replace(each, clock_ahead=0.0, holders=(), replica_silent=None, **told_by)
        for each in snapshot.streams
    ]
    consumers = [msgspec.structs.replace(each, **told_by) for each in snapshot.consumers]
    return streams, consumers


@pytest.mark.parametrize("way", ["system", "accounts"])
def test_each_way_tells_the_same(tmp_path: Path, cluster: NatsCluster, way: str) -> None:
    def same() -> bool:
        expected = told(polled(tmp_path, cluster, "monitor"))
        return len(expected[1]) == 8 and told(polled(tmp_path, cluster, way)) == expected

    eventually(same)
