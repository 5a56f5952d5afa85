"""Long jobs, idle consumers and evicted messages, as a running collector tells them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, KeyValueConfig, RetentionPolicy, StreamConfig

from obs.lag.status import Status
from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    collectors,
    key,
    spec_of,
)
from tests.integration.readings import Readings
from tests.integration.waiting import ended, eventually_async
from tests.integration.workers import AWAY

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

JOB = ConsumerConfig(ack_wait=2)  # clients that tell progress may be late on a busy machine
EVICTED = "evicted_messages_total"
WINDOW = 3.0
POLLS = 12  # that are twice the window


@pytest.fixture
def collector(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> CollectorProcess:
    """Not started yet."""
    source = {"monitor": [nats_server.monitor], "poll": "500ms", "status_window": f"{WINDOW:g}s"}
    collectors.append(CollectorProcess(tmp_path / "obs", spec_of(tmp_path / "obs", nats=source)))
    return collectors[0]


@asynccontextmanager
async def connected(server: NatsServer) -> AsyncIterator[Client]:
    client = await nats.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[JetStreamContext]:
    async with connected(server) as client:
        yield client.jetstream()


@asynccontextmanager
async def going_on(*work: Awaitable[None]) -> AsyncIterator[None]:
    """These go on until the end."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
        for task in tasks:
            assert not task.done(), task.exception()
    finally:
        await ended(*tasks)


async def every(seconds: float, act: Callable[[], Awaitable[object]]) -> None:
    while True:
        await act()
        await asyncio.sleep(seconds)


async def asking(js: JetStreamContext, stream: str, consumer: str) -> None:
    """A client that waits for messages and would keep any that came."""
    pull = await js.pull_subscribe_bind(consumer=consumer, stream=stream)
    while True:
        with suppress(*AWAY):
            await pull.fetch(1, timeout=30)


@asynccontextmanager
async def started(collector: CollectorProcess, readings: Readings) -> AsyncIterator[None]:
    """The collector runs and is read; there is one reading at least."""
    await asyncio.to_thread(collector.start)
    async with going_on(readings.run()):
        await polls(readings, 1)
        yield


async def reported(readings: Readings, consumer: str, status: Status) -> None:
    """Wait until the consumer has this status."""
    await eventually_async(lambda: readings.last(consumer).status is status)


async def polls(readings: Readings, count: int) -> None:
    enough = len(readings.polls) + count
    await eventually_async(lambda: len(readings.polls) >= enough)


async def add(js: JetStreamContext, stream: StreamConfig, **consumers: ConsumerConfig) -> None:
    """The stream with its durable consumers."""
    await js.add_stream(stream)
    assert stream.name
    for name, config in consumers.items():
        await js.add_consumer(stream.name, replace(config, durable_name=name))


async def publish(js: JetStreamContext, subject: str, count: int) -> None:
    for _ in range(count):
        await js.publish(subject, b"x")


async def process(js: JetStreamContext, stream: str, consumer: str, count: int) -> None:
    pull = await js.pull_subscribe_bind(consumer=consumer, stream=stream)
    for message in await pull.fetch(count, timeout=5):
        await message.ack_sync()


def told(scrape: Scrape, stream: str, consumer: str, metric: str) -> float | None:
    identity = {"nats": "nats", "account": "$G", "stream": stream, "consumer": consumer}
    return scrape.get(key(f"nats_consumer_{metric}", **identity))


async def test_a_job_longer_than_the_window_is_work_and_a_crash_is_not(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    kinds = ("kept", "serial", "postponed", "crashed", "blocking")
    async with jetstream(nats_server) as js:
        await add(
            js,
            StreamConfig(name="JOBS", subjects=["jobs.*"]),
            **{
                name: replace(
                    JOB,
                    filter_subject=f"jobs.{name}",
                    max_ack_pending=1 if name == "blocking" else 10,
                )
                for name in kinds
            },
        )
        jobs = {}
        for name in kinds:
            await js.publish(f"jobs.{name}", b"x")
            pull = await js.pull_subscribe_bind(consumer=name, stream="JOBS")
            (jobs[name],) = await pull.fetch(1, timeout=5)
        await jobs["postponed"].nak(delay=600)
        kept = [every(0.3, jobs[name].in_progress) for name in ("kept", "serial", "blocking")]
        asked = [asking(js, "JOBS", name) for name in ("kept", "postponed")]
        readings = Readings(collector, "JOBS")
        more = every(0.5, lambda: js.publish("jobs.blocking", b"x"))
        async with going_on(more, *kept, *asked), started(collector, readings):
            await reported(readings, "crashed", Status.STOPPED)
            await reported(readings, "blocking", Status.SLOW)
            await polls(readings, POLLS)
    for name in ("kept", "serial", "postponed"):
        seen = readings.reported(name)
        assert {(each.status, *each.reasons) for each in seen} == {(Status.OK,)}
        assert seen[-1].lag_seconds > 2 * WINDOW, "its age goes on being told"
    assert {each.status for each in readings.reported("blocking")} == {Status.OK, Status.SLOW}
    assert readings.last("blocking").reasons == {"ack_pending_full"}
    assert readings.last("crashed").reasons == {"no_puller"}


async def test_a_consumer_needs_a_client_only_while_something_is_outstanding(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    next_one = "$JS.API.CONSUMER.MSG.NEXT.S.glancing"
    async with jetstream(nats_server) as js, connected(nats_server) as client:

        async def acknowledge(message: Msg) -> None:
            if message.reply:
                await message.ack()

        async def glance() -> None:
            await client.publish(next_one, b'{"batch":1,"no_wait":true}', reply=inbox)

        inbox = client.new_inbox()
        await client.subscribe(inbox, cb=acknowledge)
        await add(
            js,
            StreamConfig(name="S", subjects=["s.*"]),
            idle=ConsumerConfig(filter_subject="s.idle"),
            unbound=ConsumerConfig(filter_subject="s.unbound", deliver_subject="nobody"),
            glancing=ConsumerConfig(filter_subject="s.busy"),
        )
        await js.publish("s.idle", b"x")
        await process(js, "S", "idle", 1)
        readings = Readings(collector, "S")
        arriving = every(1.0, lambda: js.publish("s.busy", b"x"))
        async with going_on(arriving, every(0.2, glance)), started(collector, readings):
            await polls(readings, POLLS)
            needed = len(readings.polls) - 1
            for name, reason in (("idle", "no_puller"), ("unbound", "push_unbound")):
                await js.publish(f"s.{name}", b"x")
                await reported(readings, name, Status.STOPPED)
                assert readings.last(name).reasons == {reason}
    for name in ("idle", "unbound"):
        before = readings.reported(name, until=readings.polls[needed].begin)
        assert {(each.status, *each.reasons) for each in before} == {(Status.OK,)}
    glancing = readings.reported("glancing")
    assert {(each.status, *each.reasons) for each in glancing} == {(Status.OK,)}


LIMITS = {
    "max_age": StreamConfig(name="S", subjects=["s.*"], max_age=2),
    "max_msgs": StreamConfig(name="S", subjects=["s.*"], max_msgs=20),
}


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_backlog_that_only_the_limits_of_its_stream_shrink_is_never_drained(
    nats_server: NatsServer, collector: CollectorProcess, limit: str
) -> None:
    async with jetstream(nats_server) as js:
        await add(
            js, LIMITS[limit], all=ConsumerConfig(), some=ConsumerConfig(filter_subject="s.a")
        )
        readings = Readings(collector, "S")
        async with started(collector, readings):
            await polls(readings, 2)
            await publish(js, "s.a", 30 if limit == "max_age" else 15)
            for name in ("all", "some"):
                await process(js, "S", name, 5)
            more = (every(0.1, partial(publish, js, subject, 1)) for subject in ("s.a", "s.b"))
            async with going_on(*more):
                await reported(readings, "all", Status.STOPPED)
                await reported(readings, "some", Status.STOPPED)
                await polls(readings, POLLS)
            stopped = len(readings.polls)
            await polls(readings, POLLS)
            state = (await js.stream_info("S")).state
            left = len(readings.polls)
            await polls(readings, 3)
    lost = state.last_seq - state.messages - 5
    assert lost > 40
    assert readings.last("all").value(EVICTED) == lost
    assert 0.2 * lost < readings.last("some").number(EVICTED) < 0.9 * lost
    for name in ("all", "some"):
        for each in readings.reported(name)[stopped - POLLS : left]:
            drain = each.number("drain_seconds")
            assert drain == (inf if each.number("lag_messages") else 0)
        counts = [each.number(EVICTED) for each in readings.reported(name)]
        assert counts == sorted(counts)
        assert counts[0] == 0


async def test_a_purge_of_outstanding_messages_is_counted_and_the_count_outlives_a_restart(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    async with jetstream(nats_server) as js:
        await add(
            js,
            StreamConfig(name="S", subjects=["s.*"]),
            all=ConsumerConfig(),
            some=ConsumerConfig(filter_subject="s.a"),
        )
        await publish(js, "s.a", 30)
        await publish(js, "s.b", 20)
        await process(js, "S", "all", 10)
        await process(js, "S", "some", 10)
        await asyncio.to_thread(collector.start)
        scrape = await asyncio.to_thread(collector.polls, "nats", 2)
        assert [told(scrape, "S", name, EVICTED) for name in ("all", "some")] == [0, 0]
        await js.purge_stream("S")
        await asyncio.to_thread(
            collector.until, lambda scrape: told(scrape, "S", "some", EVICTED) == 20
        )
        await asyncio.to_thread(collector.stop)
        await publish(js, "s.a", 7)
        await js.purge_stream("S")
        await asyncio.to_thread(collector.start)
        scrape = await asyncio.to_thread(collector.polls, "nats", 5)
    assert told(scrape, "S", "all", EVICTED) == 47
    assert told(scrape, "S", "some", EVICTED) == 20, "what arrived and went unseen is not known"


RETAINED = {
    "workqueue": RetentionPolicy.WORK_QUEUE,
    "interest": RetentionPolicy.INTEREST,
    "limits": RetentionPolicy.LIMITS,
}


async def test_what_is_acknowledged_or_replaced_is_no_loss(
    nats_server: NatsServer, collector: CollectorProcess
) -> None:
    async with jetstream(nats_server) as js:
        for name, retention in RETAINED.items():
            # Above what is outstanding, below what has arrived.
            stream = StreamConfig(name=name, subjects=[f"{name}.*"], retention=retention)
            stream.max_msgs = 400 if name == "limits" else -1
            await add(js, stream, busy=ConsumerConfig(filter_subject=f"{name}.a"))
            everything = {} if name == "workqueue" else {"all": ConsumerConfig()}
            for other, config in everything.items():
                await js.add_consumer(name, replace(config, durable_name=other))
        await add(
            js,
            StreamConfig(name="last", subjects=["last.*"], max_msgs_per_subject=1),
            all=ConsumerConfig(),
            some=ConsumerConfig(filter_subject="last.a"),
        )
        bucket = await js.create_key_value(KeyValueConfig(bucket="values"))
        await js.add_consumer("KV_values", ConsumerConfig(durable_name="all"))
        consumers = [
            *((stream, name) for stream in ("interest", "limits") for name in ("busy", "all")),
            ("workqueue", "busy"),
            ("last", "all"),
            ("last", "some"),
        ]

        async def traffic() -> None:
            for name in RETAINED:
                await publish(js, f"{name}.a", 20)
            for subject in ("last.a", "last.b"):
                await publish(js, subject, 3)
            await bucket.put("a", b"x")

        async def work(stream: str, consumer: str) -> None:
            pull = await js.pull_subscribe_bind(consumer=consumer, stream=stream)
            while True:
                with suppress(*AWAY):
                    for message in await pull.fetch(50, timeout=1):
                        await message.ack()

        readings = Readings(collector, "limits")
        working = (work(*each) for each in consumers if each[0] != "last")
        async with going_on(every(0.05, traffic), *working), started(collector, readings):
            await polls(readings, 2 * POLLS)
        for reading in readings.polls:
            counts = {each: told(reading.scrape, *each, EVICTED) for each in consumers}
            assert counts == dict.fromkeys(consumers, 0)
            assert told(reading.scrape, "KV_values", "all", EVICTED) is None
        assert (told(readings.polls[-1].scrape, "limits", "all", "delivered_total") or 0) > 400
        assert told(readings.polls[-1].scrape, "last", "all", "lag_messages") == 2
