"""A stream of orders with one worker, and what was published to and delivered from it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import nats
import nats.errors
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import APIError

from tests.integration.collector_process import Scrape, key
from tests.integration.waiting import answered

T = TypeVar("T")

STREAM = {"nats": "nats", "account": "$G", "stream": "ORDERS"}
CONSUMER = {**STREAM, "consumer": "worker"}
DELIVERED = key("nats_consumer_delivered_total", **CONSUMER)
DEAD_LETTERS = key("nats_consumer_dead_letters_total", **CONSUMER)
RESETS = key("nats_consumer_resets_total", **CONSUMER)
LAST_SEQUENCE = key("nats_stream_last_sequence", **STREAM)
LAG = key("nats_consumer_lag_messages", **CONSUMER)
ADVISORIES = "ADVISORIES"
"""A stream that keeps what the server says of dead letters."""
_AWAY = (nats.errors.Error, APIError, OSError, TimeoutError)


@dataclass
class Orders:
    """The orders of a server or a cluster, with what was done to them.

    `published` and `delivered` count what was answered; what the server did besides, while it
    changed its leader, only the server knows.
    """

    urls: Sequence[str]
    published: int = 0
    delivered: int = 0
    given_up: int = 0

    def create(self, *, replicas: int = 1, advisories: bool = False) -> None:
        """Make the stream and its worker; with `advisories`, a stream of them, too."""

        async def make(js: JetStreamContext) -> None:
            await js.add_stream(name="ORDERS", subjects=["orders"], num_replicas=replicas)
            await js.add_consumer("ORDERS", ConsumerConfig(durable_name="worker"))
            if advisories:
                kept = StreamConfig(name=ADVISORIES, subjects=["$JS.EVENT.ADVISORY.>"])
                await js.add_stream(kept)

        self._do(make)

    def deliver(self, messages: int, *, given_up: int = 0) -> None:
        """Publish so many messages, and have them delivered: the first acknowledged, the last
        `given_up` of them refused for good."""

        async def work(js: JetStreamContext) -> None:
            await self._publish(js, messages)
            pull = await js.pull_subscribe_bind(consumer="worker", stream="ORDERS")
            left = messages
            while left:
                for message in await answered(partial(pull.fetch, left, timeout=5), *_AWAY):
                    left -= 1
                    self.delivered += 1
                    if left < given_up:
                        await message.term()
                        self.given_up += 1
                    else:
                        await message.ack_sync(timeout=5)

        self._do(work)

    def publish(self, messages: int) -> None:
        """Publish so many messages, and leave them where they are."""
        self._do(lambda js: self._publish(js, messages))

    def truth(self) -> Scrape:
        """What the server itself says, by the series that say it here."""

        async def ask(js: JetStreamContext) -> Scrape:
            stream = await answered(lambda: js.stream_info("ORDERS"), *_AWAY)
            worker = await answered(lambda: js.consumer_info("ORDERS", "worker"), *_AWAY)
            assert stream.state.last_seq >= self.published
            assert worker.delivered.consumer_seq >= self.delivered
            return {
                DELIVERED: float(worker.delivered.consumer_seq),
                LAST_SEQUENCE: float(stream.state.last_seq),
                LAG: float((worker.num_pending or 0) + (worker.num_ack_pending or 0)),
                RESETS: 0.0,
            }

        return self._do(ask)

    async def _publish(self, js: JetStreamContext, messages: int) -> None:
        for _ in range(messages):
            await answered(lambda: js.publish("orders", b"x", timeout=2), *_AWAY)
            self.published += 1

    def _do(self, work: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        async def connected() -> T:
            client = await nats.connect(list(self.urls), max_reconnect_attempts=-1)
            try:
                return await work(client.jetstream(timeout=5))
            finally:
                await client.close()

        return asyncio.run(connected())
