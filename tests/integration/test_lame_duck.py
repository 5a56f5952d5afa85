"""Lame duck mode of a real server, which none of its pages names; and what it holds."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing

import nats
import pytest

from obs.catalogue import nats_server as metrics
from obs.sandbox.nats_server import NatsServer
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import open_cluster
from obs.sources.nats.server_status import server_rows
from obs.spec.nats import NatsSource
from tests.integration.nats_binary import run_by
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """With a limit of Raft groups, and long enough a duck to be looked at."""
    folder = tmp_path_factory.mktemp("nats")
    jetstream = {"store_dir": str(folder / "js"), "limits": {"max_ha_assets": 7}}
    extra = {"lame_duck_duration": "60s", "lame_duck_grace_period": "30s", "jetstream": jetstream}
    with run_by(NatsServer(folder, name="n1", extra=extra)) as running:
        yield running
        running.kill()  # it would live as long as its clients do


def polled(server: NatsServer) -> NatsSnapshot:
    spec = NatsSource.model_validate({"monitor": [server.monitor], "discover": False})
    with closing(open_cluster("main", spec, time.time)) as opened:
        return opened.poll()


async def test_what_a_server_holds_and_may_hold_is_told(server: NatsServer) -> None:
    async with await nats.connect(server.url) as client:
        js = client.jetstream()
        await js.add_stream(name="ORDERS", subjects=["orders"])
        await js.publish("orders", b"x" * 100)
        (told,) = polled(server).servers
    facts = told.facts
    assert facts[metrics.STREAMS.name] == facts[metrics.MESSAGES.name] == 1
    assert facts[metrics.CONSUMERS.name] == 0
    assert facts[metrics.STREAM_BYTES.name] >= 100
    assert facts.get(metrics.HA_ASSETS_LIMIT.name, 7) == 7  # not told by 2.10
    if metrics.CLIENT_RECEIVED_MESSAGES.name in facts:  # from 2.14 on
        assert facts[metrics.CLIENT_RECEIVED_MESSAGES.name] >= 2
        assert facts[metrics.DISK_WAITERS.name] == 0


async def test_a_server_in_lame_duck_mode_is_told_from_one_that_is_just_unhealthy(
    server: NatsServer,
) -> None:
    client = await nats.connect(server.url, allow_reconnect=False)
    assert polled(server).servers[0].facts[metrics.LAME_DUCK.name] == 0
    assert server.process.pid is not None
    os.kill(server.process.pid, signal.SIGUSR2)  # nats-server --signal ldm

    def is_lame() -> bool:
        return polled(server).servers[0].facts.get(metrics.LAME_DUCK.name) == 1

    await asyncio.to_thread(eventually, is_lame)
    snapshot = polled(server)
    (told,) = snapshot.servers
    assert told.up
    assert told.healthy is False
    (row,) = server_rows("main", snapshot)
    assert "is in lame duck mode" in row.text
    assert metrics.STREAMS.name not in told.facts  # its JetStream is off: not 0, but unknown
    await client.close()
