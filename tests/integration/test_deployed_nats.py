"""The NATS users of deploy/nats: obs may do what it needs with a real server, and nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig

from obs.sandbox.nats_server import server_binary
from obs.sandbox.process import Process, free_ports
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.waiting import eventually_async
from tests.unit.deploy.deployed import read

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

PASSWORDS = {"oms": "OMS_PASSWORD", "obs": "OBS_PASSWORD"}  # as the example has them
CONSUMER = {"nats": "nats", "account": "OMS", "stream": "OMS_EVENTS", "consumer": "oms-processor"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of client and monitoring port of a server with that configuration."""
    client, monitor = free_ports(2)
    text = read("nats/nats.conf").replace("0.0.0.0:4222", f"127.0.0.1:{client}")
    text = text.replace("0.0.0.0:8222", f"127.0.0.1:{monitor}").replace("/data", f"{tmp_path}/js")
    (tmp_path / "nats.conf").write_text(text)
    (tmp_path / "users.conf").write_text(read("nats/users.conf.example"))
    process = Process([server_binary(), "-c", str(tmp_path / "nats.conf")], tmp_path / "nats.log")
    process.start()
    try:
        process.wait_until(lambda: "Server is ready" in process.log.read_text())
        yield f"nats://127.0.0.1:{client}", f"http://127.0.0.1:{monitor}"
    finally:
        process.stop()


def test_the_collector_counts_what_is_given_up_with_the_rights_it_has(
    server: tuple[str, str], tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    url, monitor = server
    asyncio.run(_create(url))
    (tmp_path / "password").write_text(PASSWORDS["obs"])
    connection = {"servers": [url], "account": "OMS", "user": "obs"}
    connection["password_file"] = str(tmp_path / "password")
    spec = spec_of(tmp_path, nats={"monitor": [monitor], "connection": connection})
    collector = CollectorProcess(tmp_path / "collector", spec)
    collectors.append(collector)
    collector.start()
    collector.until(lambda scrape: scrape.get(key("obs_source_up", source="nats/connection")) == 1)
    asyncio.run(_give_up(url))
    letters = key("nats_consumer_dead_letters_total", **CONSUMER)
    collector.until(lambda scrape: scrape.get(letters) == 1)
    assert "permissions" not in collector.log.lower()


def test_obs_may_neither_read_nor_publish_events(server: tuple[str, str]) -> None:
    asyncio.run(_refused(server[0]))


async def _connected(url: str, user: str, errors: list[Exception] | None = None) -> Client:
    async def keep(error: Exception) -> None:
        (errors if errors is not None else []).append(error)

    return await nats.connect(url, user=user, password=PASSWORDS[user], error_cb=keep)


async def _create(url: str) -> None:
    client = await _connected(url, "oms")
    stream = client.jetstream()
    await stream.add_stream(name="OMS_EVENTS", subjects=["oms.>"])
    settings = ConsumerConfig(durable_name="oms-processor", max_deliver=1, ack_wait=0.2)
    await stream.add_consumer("OMS_EVENTS", settings)
    await client.close()


async def _give_up(url: str) -> None:
    """Have a message delivered once, which is all it may be, and not acknowledged."""
    client = await _connected(url, "oms")
    stream = client.jetstream()
    await stream.publish("oms.changed", b"x")
    pull = await stream.pull_subscribe_bind(consumer="oms-processor", stream="OMS_EVENTS")
    await pull.fetch(1)
    # A message is given up when the next one is asked for.
    with pytest.raises(NatsError):
        await pull.fetch(1, timeout=1)
    await client.close()


async def _refused(url: str) -> None:
    errors: list[Exception] = []
    client = await _connected(url, "obs", errors)
    await client.subscribe("oms.>")
    for subject in ("oms.changed", "$JS.API.STREAM.DELETE.OMS_EVENTS", "$JS.API.STREAM.NAMES"):
        await client.publish(subject, b"")
    await client.flush()
    await eventually_async(lambda: len(errors) == 4)
    texts = [str(error).lower() for error in errors]
    assert [text for text in texts if "permissions violation" not in text] == []
    await client.close()
