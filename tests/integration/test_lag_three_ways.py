"""Lag in seconds of a cluster of three, by each way in, against what was published and settled."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from obs.lag.status import Status
from obs.sandbox.nats_server import NatsCluster
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.outstanding import Outstanding, Spans
from tests.integration.readings import Readings
from tests.integration.waiting import answered, ended, eventually_async
from tests.integration.workers import AWAY, Worker

pytestmark = pytest.mark.integration

STREAM = "EVENTS"
WAYS = ("monitor", "system", "connection")
CONSUMERS = ("steady", "stops", "slow")
POLL = 0.5
TOLERANCE = 0.2
ACCOUNTS = {"OMS": {"obs": "secret"}, "SYS": {"sys": "secret"}}


@dataclass(frozen=True)
class Run:
    readings: dict[str, Readings]
    outstanding: dict[str, Outstanding]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("ways")
    password = folder / "password"
    password.write_text("secret\n")
    with NatsCluster(folder / "nats", accounts=ACCOUNTS) as cluster:
        login: dict[str, Any] = {
            "servers": [each.url for each in cluster.members],
            "password_file": str(password),
        }
        sources: dict[str, dict[str, Any]] = {
            "monitor": {"monitor": [each.monitor for each in cluster.members]},
            "system": {"system": login | {"user": "sys"}},
            "connection": {"connection": login | {"user": "obs", "account": "OMS"}},
        }
        collectors = {
            way: CollectorProcess(folder / way, spec_of(folder / way, nats=source))
            for way, source in sources.items()
        }
        try:
            yield asyncio.run(_run(cluster, collectors))
        finally:
            for collector in collectors.values():
                collector.kill()
                print(collector.log)  # noqa: T201  shown with a test that fails


async def _run(cluster: NatsCluster, collectors: dict[str, CollectorProcess]) -> Run:
    urls = [member.url for member in cluster.members]
    client = await nats.connect(urls, user="obs", password="secret")
    js = client.jetstream(timeout=5)
    await answered(partial(js.add_stream, name=STREAM, subjects=["e"], num_replicas=3), *AWAY)
    for name in CONSUMERS:
        config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.EXPLICIT)
        await answered(partial(js.add_consumer, STREAM, config), *AWAY)
    arrived: Spans = {}
    outstanding = {name: Outstanding(arrived) for name in CONSUMERS}
    workers = {name: Worker(name, outstanding[name]) for name in CONSUMERS}
    workers["slow"].seconds = 0.15
    readings = {way: Readings(each, STREAM, account="OMS") for way, each in collectors.items()}
    await asyncio.gather(*(asyncio.to_thread(each.start) for each in collectors.values()))
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        traffic = group.create_task(_traffic(js, arrived, enough))
        going_on = [group.create_task(each.run(js, STREAM)) for each in workers.values()]
        going_on += [group.create_task(each.run()) for each in readings.values()]
        await _polls(readings, 4)
        workers["stops"].working.clear()
        await _polls(readings, 8)
        workers["stops"].working.set()
        await _polls(readings, 4)
        enough.set()
        await traffic
        await ended(*going_on)
    await client.close()
    return Run(readings, outstanding)


async def _traffic(js: JetStreamContext, arrived: Spans, enough: asyncio.Event) -> None:
    """Ten messages a second. It is never cancelled: what was published has to be known."""
    while not enough.is_set():
        before = time.time()
        seq = (await js.publish("e", b"x", timeout=10)).seq
        arrived[seq] = (before, time.time())
        await asyncio.sleep(0.1)


async def _polls(readings: dict[str, Readings], count: int) -> None:
    """Wait until so many more polls of each way were read."""
    enough = {way: len(each.polls) + count for way, each in readings.items()}
    await eventually_async(
        lambda: all(len(each.polls) >= enough[way] for way, each in readings.items())
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_lag_is_true_within_one_poll_by_each_way(run: Run, way: str, consumer: str) -> None:
    readings = run.readings[way]
    reported = readings.reported(consumer)
    gaps = [b.end - a.end for a, b in zip(readings.polls, readings.polls[1:], strict=False)]
    off = [0.0]
    for each in reported:
        least, most = run.outstanding[consumer].lag(each.reading.begin, each.reading.end)
        late = max(least - each.lag_seconds, each.lag_seconds - most)
        off.append(late - each.reading.took)
    print(f"{way}, {consumer}: {len(reported)} polls, off by {max(off):.3f} s at most")  # noqa: T201
    assert max(off) <= max([POLL, *gaps]) + TOLERANCE
    if consumer != "steady":
        assert max(each.lag_seconds for each in reported) > 1, "there was a lag to report"


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tells_the_same_status_in_the_end(run: Run, way: str) -> None:
    last = {name: run.readings[way].last(name).status for name in CONSUMERS}
    assert last["steady"] is Status.OK
    assert last["slow"] in (Status.OK, Status.SLOW)
