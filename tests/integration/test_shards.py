"""Collectors of three shards watch a real NATS server: every stream once, and nothing is lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml
from nats.js.api import ConsumerConfig, StreamConfig

from obs.cli.main import main
from obs.collector.assembly import assemble
from obs.collector.status import build_status
from obs.sandbox.nats_server import NatsServer
from obs.spec.shard import Shard
from obs.spec.sharding import of_shard
from obs.spec.system import System
from tests.integration.collector_process import Scrape, key, samples

pytestmark = pytest.mark.integration

STREAMS = 9
CONSUMERS = 2
LAG = {"source": "main", "stream": "S4", "consumer": "c1", "max_messages": 5}
EACH = {**LAG, "stream": "*", "consumer": "c0", "by": "consumer"}


def spec(server: NatsServer, folder: Path) -> dict[str, Any]:
    source = {
        "monitor": [server.monitor],
        "discover": False,
        "consumers": {"include": ["c0", "c1"]},
    }
    slos = [
        {"name": name, "service": "shop", "objective": 99.9, "sli": {"nats_lag": sli}}
        for name, sli in (("one", LAG), ("each", EACH))
    ]
    return {
        "version": 1,
        "system": "shop",
        "state_dir": str(folder / "state"),
        "sources": {"nats": {"main": source}},
        "slos": slos,
    }


async def fill(server: NatsServer) -> None:
    client = await nats.connect(server.url)
    js = client.jetstream()
    for number in range(STREAMS):
        await js.add_stream(StreamConfig(f"S{number}", subjects=[f"s.{number}"]))
        for name in range(CONSUMERS):
            await js.add_consumer(f"S{number}", ConsumerConfig(durable_name=f"c{name}"))
    await client.close()


def polled(system: System, shard: Shard | None) -> tuple[Scrape, str]:
    """What one poll of a collector exports, and the shard that its status page names."""
    built = assemble(of_shard(system, shard))

    async def once() -> None:
        await built.daemon.poll_once()

    async def close() -> None:
        await built.daemon.close()

    with asyncio.Runner() as loop:
        loop.run(once())
        text = built.collector.exposition.body(openmetrics=False, gzip=False).decode()
        status = build_status(built.collector)
        loop.run(close())
    return samples(text), status.shard


def of(scrape: Scrape, name: str) -> set[frozenset[tuple[str, str]]]:
    return {labels for each, labels in scrape if each == name}


def test_shards_export_together_what_one_collector_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = NatsServer(tmp_path)
    server.start(40)
    try:
        server.process.wait_until(server.healthy, 40)
        asyncio.run(fill(server))
        written = spec(server, tmp_path)
        system = System.model_validate(written)
        whole, nothing = polled(system, None)
        assert nothing == ""
        assert not of(whole, "obs_shard_info")
        shards = [Shard(number, 3) for number in (1, 2, 3)]
        parts = [polled(system, shard) for shard in shards]
        file = tmp_path / "obs.yaml"
        file.write_text(yaml.safe_dump(written))
        capsys.readouterr()
        assert main(["collect", "--spec", str(file), "--dry-run", "--shard", "2/3"]) == 0
        shown = capsys.readouterr().out
        command = ["collect", "--spec", str(file), "--dry-run", "--shard", "2/3"]
        assert main([*command, "--format", "json"]) == 0
        sizes = json.loads(capsys.readouterr().out)["shards"]
    finally:
        server.stop()

    for name in ("nats_consumer_lag_messages", "nats_stream_messages", "slo_info"):
        found = [labels for scrape, _ in parts for labels in of(scrape, name)]
        assert len(found) == len(set(found)), f"{name}: a series is of one shard"
        assert set(found) == of(whole, name)
    assert of(whole, "nats_consumer_lag_messages")
    for shard, (scrape, named) in zip(shards, parts, strict=True):
        number = str(shard.number)
        assert named == str(shard)
        assert scrape[key("obs_shard_info", shard=number, shards="3")] == 1
        assert scrape[key("obs_shard_source_up", shard=number, source="main")] == 1
        assert bool(of(scrape, "nats_server_up")) == (shard.number == 1)
        missing = {
            value for (name, _), value in scrape.items() if name == "obs_spec_object_missing"
        }
        assert missing == {0.0}, "what another shard watches is not missing"
        size = sizes[shard.number - 1]
        assert size["objects"]["stream"] == len(of(scrape, "nats_stream_messages"))
        assert size["objects"]["consumer"] == len(of(scrape, "nats_consumer_lag_messages"))
        series = scrape[key("obs_source_series", source="main")]
        assert size["series"] == pytest.approx(series, rel=0.1)
    assert sum(size["slos"] for size in sizes) == 1
    assert "2/3 ←" in shown
