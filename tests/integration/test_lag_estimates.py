"""Lag in seconds where messages vanish, are held for long or are copied, on a real server."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig, StreamSource

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, key
from tests.integration.lag_collectors import (
    ACCOUNT,
    POLL,
    by_http_and_connected,
    client,
    collector,
    of,
    start,
)
from tests.integration.readings import LAST_SUCCESS
from tests.integration.waiting import ended, eventually_async

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

UNSTATED = 1.5 * POLL
TOLERANCE = 0.3


def told(scrape: Scrape, stream: str, consumer: str) -> tuple[float, float]:
    """(lag in seconds, its uncertainty as far as it is stated)."""
    lag = scrape[of(stream, consumer, "nats_consumer_lag_seconds")]
    return lag, scrape.get(of(stream, consumer, "nats_consumer_lag_uncertainty_seconds"), UNSTATED)


@asynccontextmanager
async def going_on(*works: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await ended(*works)


async def read(
    collectors: list[CollectorProcess], polls: int, check: Callable[[Scrape], None]
) -> None:
    """Check so many polls of each collector."""
    for each in collectors:
        for _ in range(polls):
            check(await asyncio.to_thread(each.polls, "nats"))


async def test_overwritten_messages_are_not_outstanding(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    async with client(nats_server) as (_, js):
        await js.add_stream(StreamConfig(name="KV", subjects=["kv.>"], max_msgs_per_subject=1))
        await js.add_consumer("KV", ConsumerConfig(durable_name="sync"))
        await js.publish("kv.fixed", b"x")
        pull = await js.pull_subscribe_bind(consumer="sync", stream="KV")
        for message in await pull.fetch(1, timeout=5):
            await message.ack_sync()

        async def overwrite() -> None:
            while True:
                await js.publish("kv.beat", b"x")
                await asyncio.sleep(0.1)

        began = time.time()
        async with going_on(asyncio.create_task(overwrite())):
            by_http, connected = await by_http_and_connected(collectors, tmp_path, nats_server)

            def old_enough(scrape: Scrape) -> bool:
                return scrape[LAST_SUCCESS] - began > 5

            await asyncio.to_thread(by_http.until, old_enough)
            await asyncio.to_thread(
                connected.until, lambda scrape: told(scrape, "KV", "sync")[1] == UNSTATED
            )

            def check(scrape: Scrape) -> None:
                lag, off = told(scrape, "KV", "sync")
                assert lag <= 0.1 + POLL + TOLERANCE
                assert lag - 0.1 <= off + TOLERANCE

            await read([by_http, connected], 4, check)
            _, off = told(by_http.scrape(), "KV", "sync")
            assert off > 3, "by HTTP any of the overwritten ones may be there still"


async def test_last_per_subject_is_owed_only_the_last_of_each_subject_before_it_began(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    async with client(nats_server) as (_, js):
        await js.add_stream(name="S", subjects=["s.*"])
        for _ in range(20):  # more than one poll may walk over
            await js.publish("s.a", b"x")
            await js.publish("s.b", b"x")
        await asyncio.sleep(3)
        await js.publish("s.b", b"x")
        await js.publish("s.a", b"x")
        owed = time.time()
        config = ConsumerConfig(
            durable_name="last", deliver_policy=DeliverPolicy.LAST_PER_SUBJECT, filter_subject=">"
        )
        await js.add_consumer("S", config)
        await js.publish("s.a", b"x")
        by_http, connected = await by_http_and_connected(collectors, tmp_path, nats_server)

        def check(scrape: Scrape) -> None:
            lag, off = told(scrape, "S", "last")
            assert abs(lag - (scrape[LAST_SUCCESS] - owed)) <= off + TOLERANCE

        await read([by_http, connected], 3, check)
        last = await asyncio.to_thread(
            connected.until, lambda scrape: told(scrape, "S", "last")[1] == UNSTATED
        )
        assert abs(told(last, "S", "last")[0] - (last[LAST_SUCCESS] - owed)) <= TOLERANCE


async def work(js: JetStreamContext, consumer: str, answer: Callable[[Msg], object]) -> None:
    """Acknowledge what `answer` does not keep."""
    pull = await js.pull_subscribe_bind(consumer=consumer, stream="E")
    while True:
        try:
            messages = await pull.fetch(5, timeout=0.3)
        except (TimeoutError, NatsTimeout):
            continue
        for message in messages:
            if message.subject != "e.long":
                await message.ack()
            else:
                answer(message)


async def test_a_message_held_beyond_its_tries_is_outstanding_until_it_is_settled(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    kept: set[asyncio.Task[None]] = set()

    async def progress(message: Msg) -> None:
        while True:
            await message.in_progress()
            await asyncio.sleep(0.3)

    async def delay(message: Msg) -> None:
        await message.nak(delay=3)

    def keep(answer: Callable[[Msg], object]) -> Callable[[Msg], object]:
        return lambda message: kept.add(asyncio.create_task(answer(message)))  # type: ignore[arg-type]

    async with client(nats_server) as (_, js):
        await js.add_stream(name="E", subjects=["e.*"])
        for name, tries in (("progress", 2), ("delayed", 4)):
            config = ConsumerConfig(durable_name=name, max_deliver=tries, ack_wait=1)
            await js.add_consumer("E", config)
        by_http = collector(tmp_path, nats_server)
        await start(collectors, by_http)

        async def traffic() -> None:
            while True:
                await js.publish("e.quick", b"x")
                await asyncio.sleep(0.03)

        tasks = [
            asyncio.create_task(traffic()),
            asyncio.create_task(work(js, "progress", keep(progress))),
            asyncio.create_task(work(js, "delayed", keep(delay))),
        ]
        async with going_on(*tasks):
            await asyncio.to_thread(by_http.polls, "nats", 2)
            await js.publish("e.long", b"x")
            born = time.time()

            def check(scrape: Scrape) -> None:
                for name in ("progress", "delayed"):
                    lag, off = told(scrape, "E", name)
                    age = scrape[LAST_SUCCESS] - born
                    assert age - lag <= off + TOLERANCE, (name, age, lag, off)

            while time.time() < born + 8:
                await read([by_http], 1, check)
            assert told(by_http.scrape(), "E", "progress")[0] > 6
        await ended(*kept)


async def test_messages_given_up_quickly_leave_a_lag_of_seconds(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    """As in `obs demo --fault poison-message`: naked with a delay until max_deliver is reached."""
    given_up: list[int] = []
    async with client(nats_server) as (connection, js):
        await js.add_stream(name="E", subjects=["e.*"])
        config = ConsumerConfig(durable_name="c", max_deliver=3, ack_wait=30)
        await js.add_consumer("E", config)

        async def note(message: Msg) -> None:
            given_up.append(json.loads(message.data)["stream_seq"])

        await connection.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", cb=note)
        connected = collector(tmp_path, nats_server, **ACCOUNT)
        await start(collectors, connected)

        async def traffic() -> None:
            number = 0
            while True:
                number += 1
                await js.publish("e.long" if number % 20 == 0 else "e.quick", b"x")
                await asyncio.sleep(0.03)

        kept: set[asyncio.Task[None]] = set()

        def refuse(message: Msg) -> None:
            kept.add(asyncio.create_task(message.nak(delay=0.5)))

        tasks = [asyncio.create_task(traffic()), asyncio.create_task(work(js, "c", refuse))]
        lags: list[float] = []
        async with going_on(*tasks):
            await eventually_async(lambda: len(given_up) > 10)
            await read([connected], 12, lambda scrape: lags.append(told(scrape, "E", "c")[0]))
        await ended(*kept)
    print(lags)  # noqa: T201
    assert max(lags) < 6, "tries take two seconds, their ack waits ninety"


async def test_a_mirror_tells_its_origins_lag_and_silence_and_keeps_the_times_of_messages(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    async with client(nats_server) as (_, js):
        await js.add_stream(name="A", subjects=["a.*"])
        await js.publish("a.x", b"x")
        published = time.time()
        await asyncio.sleep(2)
        await js.add_stream(StreamConfig(name="M", mirror=StreamSource(name="A"), max_age=3600))
        await js.add_stream(StreamConfig(name="LOST", mirror=StreamSource(name="GONE")))
        await js.add_stream(StreamConfig(name="SUM", sources=[StreamSource(name="A")]))
        await js.add_consumer("M", ConsumerConfig(durable_name="c", ack_policy=AckPolicy.EXPLICIT))

        mirroring = collector(tmp_path, nats_server)
        await start(collectors, mirroring)

        def origin(scrape: Scrape, stream: str, name: str, metric: str) -> float | None:
            labels = {"nats": "nats", "account": "$G", "stream": stream, "origin": name}
            return scrape.get(key(f"nats_stream_origin_{metric}", **labels))

        def active(scrape: Scrape) -> bool:
            heard = [origin(scrape, each, "A", "inactive_seconds") for each in ("M", "SUM")]
            owed = scrape.get(of("M", "c", "nats_consumer_lag_messages"))
            return owed == 1 and all(each is not None and each < 5 for each in heard)

        scrape = await asyncio.to_thread(mirroring.until, active)
        assert origin(scrape, "M", "A", "lag_messages") == 0
        assert origin(scrape, "SUM", "A", "lag_messages") == 0
        assert origin(scrape, "LOST", "GONE", "inactive_seconds") == inf
        age = scrape[LAST_SUCCESS] - published
        assert abs(told(scrape, "M", "c")[0] - age) <= TOLERANCE
        left = scrape[of("M", "c", "nats_consumer_eviction_seconds")]
        assert abs(left - (3600 - age)) <= TOLERANCE


async def test_a_clock_of_the_collector_that_is_set_changes_no_age(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    async with client(nats_server) as (_, js):
        await js.add_stream(name="A", subjects=["a.*"])
        await js.add_consumer("A", ConsumerConfig(durable_name="c"))
        await js.publish("a.x", b"x")
        published = time.time()
        running = collector(tmp_path, nats_server)
        await start(collectors, running)
        await asyncio.to_thread(running.polls, "nats")
        for shift in (7_200.0, -3_600.0):
            running.clock.shift = shift
            scrape = await asyncio.to_thread(running.polls, "nats", 2)
            age = scrape[LAST_SUCCESS] - shift - published
            assert abs(told(scrape, "A", "c")[0] - age) <= TOLERANCE
