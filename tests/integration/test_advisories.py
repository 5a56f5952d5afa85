import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from obs.errors import SourceError
from obs.sandbox.nats_server import NatsServer
from obs.snapshot.messages import DeadLetter
from obs.sources.nats.advisories import Advisories
from obs.sources.nats.hearing import Arrival, Hearing, Position
from obs.spec.nats import NatsConnection
from tests.integration.waiting import ended, eventually_async

pytestmark = pytest.mark.integration

CAPTURE = "ADVISORIES"


@dataclass
class Reader:
    """What a collector would keep."""

    dead_letters: list[DeadLetter] = field(default_factory=list)
    position: Position | None = None
    heard: Hearing = field(default_factory=Hearing)
    reports: list[SourceError | None] = field(default_factory=list)

    def take(self, arrival: Arrival) -> None:
        self.dead_letters.extend(arrival.dead_letters)
        self.position = arrival.position or self.position
        if arrival.heard_until is not None:
            self.heard.heard(arrival.heard_until, begins=arrival.begins)

    @asynccontextmanager
    async def reading(self, server: NatsServer, **fields: str) -> AsyncIterator[None]:
        """Runs until left, as a collector that is stopped; begins at the position kept."""
        spec = NatsConnection(servers=(server.url,), **fields)
        advisories = Advisories("main", spec, time.time, self.position, every=0.5)
        begun = len(self.reports)
        task = asyncio.create_task(advisories.run(self.take, self.reports.append))
        try:
            await eventually_async(lambda: None in self.reports[begun:])
            yield
        finally:
            await ended(task)


@asynccontextmanager
async def jetstream(server: NatsServer, **login: str) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(server.url, **login)
    try:
        js = client.jetstream()
        await js.add_stream(name="ORDERS", subjects=["orders"])
        await js.add_stream(name=CAPTURE, subjects=["$JS.EVENT.ADVISORY.>"])
        yield js
    finally:
        await client.close()


async def consume(
    js: JetStreamContext,
    name: str,
    *,
    max_deliver: int = 2,
    deliver_policy: DeliverPolicy = DeliverPolicy.ALL,
) -> JetStreamContext.PullSubscription:
    config = ConsumerConfig(
        durable_name=name,
        deliver_policy=deliver_policy,
        ack_policy=AckPolicy.EXPLICIT,
        max_deliver=max_deliver,
        ack_wait=0.1,
    )
    await js.add_consumer("ORDERS", config)
    return await js.pull_subscribe_bind(consumer=name, stream="ORDERS")


async def until_nothing(
    pull: JetStreamContext.PullSubscription, each: Callable[[Msg], Awaitable[None]] | None = None
) -> int:
    """Take messages until none come, calling `each` with them; how many deliveries there were."""
    deliveries = 0
    while True:
        try:
            (message,) = await pull.fetch(1, timeout=0.5)
        except nats.errors.TimeoutError:
            return deliveries
        deliveries += 1
        if each is not None:
            await each(message)


async def poison(js: JetStreamContext, pull: JetStreamContext.PullSubscription) -> None:
    await js.publish("orders", b"poison")
    assert await until_nothing(pull) == 2


def summary(dead_letters: list[DeadLetter]) -> list[tuple[str, str, int, str]]:
    return [(each.stream, each.consumer, each.stream_seq, each.kind) for each in dead_letters]


@pytest.mark.parametrize("fields", [{}, {"advisory_stream": CAPTURE}])
async def test_one_poison_message_is_one_dead_letter_however_often_it_was_delivered(
    nats_server: NatsServer, fields: dict[str, str]
) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js, reader.reading(nats_server, **fields):
        pull = await consume(js, "worker", max_deliver=5)
        before = time.time()
        await js.publish("orders", b"poison")
        assert await until_nothing(pull) == 5
        await eventually_async(lambda: len(reader.dead_letters) > 0)
        await asyncio.sleep(0.3)  # a second one would come by now
    assert summary(reader.dead_letters) == [("ORDERS", "worker", 1, "max_deliveries")]
    assert reader.dead_letters[0].account == "$G"
    assert before < reader.dead_letters[0].at < time.time()


@pytest.mark.parametrize("fields", [{}, {"advisory_stream": CAPTURE}])
async def test_a_terminated_message_is_a_dead_letter_and_a_refused_one_is_not(
    nats_server: NatsServer, fields: dict[str, str]
) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js, reader.reading(nats_server, **fields):
        pull = await consume(js, "worker", max_deliver=5)
        await js.publish("orders", b"refused once")
        await js.publish("orders", b"terminated")

        async def handle(message: Msg) -> None:
            if message.data == b"terminated":
                await message.term()
            elif message.metadata.num_delivered == 1:
                await message.nak()
            else:
                await message.ack()

        await until_nothing(pull, handle)
        await eventually_async(lambda: len(reader.dead_letters) > 0)
        await asyncio.sleep(0.3)
    assert summary(reader.dead_letters) == [("ORDERS", "worker", 2, "terminated")]


async def test_the_account_is_the_one_the_spec_names(nats_server: NatsServer) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js, reader.reading(nats_server, account="OMS"):
        await poison(js, await consume(js, "worker"))
        await eventually_async(lambda: len(reader.dead_letters) > 0)
    assert reader.dead_letters[0].account == "OMS"


async def test_reading_begins_with_what_comes_from_now_on(nats_server: NatsServer) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js:
        pull = await consume(js, "worker")
        await poison(js, pull)
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            assert reader.position is not None, "the beginning is handed over at once"
            await poison(js, pull)
            await eventually_async(lambda: len(reader.dead_letters) > 0)
    assert summary(reader.dead_letters) == [("ORDERS", "worker", 2, "max_deliveries")]


async def test_dead_letters_of_the_collectors_own_downtime_are_counted_exactly_once(
    nats_server: NatsServer,
) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js:
        pull = await consume(js, "worker")
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            pass
        await poison(js, pull)
        await poison(js, pull)
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            await eventually_async(lambda: len(reader.dead_letters) >= 2)
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            await poison(js, pull)
            await eventually_async(lambda: len(reader.dead_letters) >= 3)
    assert [each.stream_seq for each in reader.dead_letters] == [1, 2, 3]


async def test_a_server_killed_in_between_neither_loses_nor_doubles_any(
    nats_server: NatsServer,
) -> None:
    reader = Reader()
    async with (
        jetstream(nats_server) as js,
        reader.reading(nats_server, advisory_stream=CAPTURE),
    ):
        await poison(js, await consume(js, "worker"))
        await eventually_async(lambda: len(reader.dead_letters) == 1)
        nats_server.kill()
        await eventually_async(lambda: reader.reports[-1] is not None)
        report = reader.reports[-1]
        assert report is not None
        assert report.reason == "connection"
        await asyncio.to_thread(nats_server.start)
        client = await nats.connect(nats_server.url)
        pull = await consume(client.jetstream(), "other", deliver_policy=DeliverPolicy.NEW)
        await poison(client.jetstream(), pull)
        await client.close()
        await eventually_async(lambda: len(reader.dead_letters) == 2)
    assert [each.consumer for each in reader.dead_letters] == ["worker", "other"]


async def test_a_stream_created_again_is_read_from_its_beginning(nats_server: NatsServer) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js:
        pull = await consume(js, "worker")
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            for _ in range(3):
                await poison(js, pull)
            await eventually_async(lambda: len(reader.dead_letters) == 3)
        await js.delete_stream(CAPTURE)
        await js.add_stream(name=CAPTURE, subjects=["$JS.EVENT.ADVISORY.>"])
        await poison(js, pull)
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            await eventually_async(lambda: len(reader.dead_letters) == 4)
    assert [each.stream_seq for each in reader.dead_letters] == [1, 2, 3, 4]


async def test_a_backlog_larger_than_a_batch_is_read_whole(nats_server: NatsServer) -> None:
    reader = Reader()
    async with jetstream(nats_server) as js:
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            pass
        subject = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.worker"
        for number in range(1000):
            advisory = {
                "type": "io.nats.jetstream.advisory.v1.max_deliver",
                "id": str(number),
                "stream": "ORDERS",
                "consumer": "worker",
                "stream_seq": number,
            }
            await js._nc.publish(subject, json.dumps(advisory).encode())
        await js._nc.flush()
        async with reader.reading(nats_server, advisory_stream=CAPTURE):
            await eventually_async(lambda: len(reader.dead_letters) >= 1000)
    assert [each.stream_seq for each in reader.dead_letters] == list(range(1000))


async def test_a_missing_advisory_stream_is_reported(nats_server: NatsServer) -> None:
    spec = NatsConnection(servers=(nats_server.url,), advisory_stream="NONE")
    reports: list[SourceError | None] = []
    advisories = Advisories("main", spec, time.time)
    task = asyncio.create_task(advisories.run(lambda arrival: None, reports.append))
    try:
        await eventually_async(lambda: len(reports) > 0)
    finally:
        await ended(task)
    assert "stream NONE: stream not found" in str(reports[0])


async def test_a_subscription_that_is_refused_is_reported_and_not_taken_for_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    user = {"user": "obs", "password": "secret", "permissions": {"subscribe": ["_INBOX.>"]}}
    with NatsServer(tmp_path, extra={"authorization": {"users": [user]}}) as server:
        spec = NatsConnection(servers=(server.url,), user="obs", password="${OBS_TEST_PASSWORD}")
        reports: list[SourceError | None] = []
        advisories = Advisories("main", spec, time.time)
        task = asyncio.create_task(advisories.run(lambda arrival: None, reports.append))
        try:
            await eventually_async(lambda: len(reports) > 1)
        finally:
            await ended(task)
    assert {report.reason for report in reports if report} == {"auth"}
    assert None not in reports


STREAM_API = [
    f"$JS.API.STREAM.INFO.{CAPTURE}",
    f"$JS.API.CONSUMER.CREATE.{CAPTURE}",
    f"$JS.API.CONSUMER.INFO.{CAPTURE}.*",
    f"$JS.API.CONSUMER.MSG.NEXT.{CAPTURE}.*",
]
DIRECT = [
    "_INBOX.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
]


@pytest.mark.parametrize(
    ("permissions", "fields"),
    [
        ({"publish": {"deny": ">"}, "subscribe": DIRECT}, {}),
        (
            {"publish": STREAM_API, "subscribe": ["_INBOX.>"]},
            {"advisory_stream": CAPTURE},
        ),
    ],
)
async def test_no_more_permissions_are_needed_than_documented(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    permissions: dict[str, object],
    fields: dict[str, str],
) -> None:
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    login = {"user": "obs", "password": "${OBS_TEST_PASSWORD}"}
    users = [
        {"user": "obs", "password": "secret", "permissions": permissions},
        {"user": "app", "password": "app"},
    ]
    extra = {"authorization": {"users": users}}
    reader = Reader()
    with NatsServer(tmp_path, extra=extra) as server:
        async with (
            jetstream(server, user="app", password="app") as js,
            reader.reading(server, **login, **fields),
        ):
            await poison(js, await consume(js, "worker"))
            await eventually_async(lambda: len(reader.dead_letters) > 0)
    assert reader.reports == [None]
