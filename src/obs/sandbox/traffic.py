"""The OMS' traffic on JetStream: a publisher, and the applications behind the consumers."""

import asyncio
import json
import random
import time
from enum import StrEnum
from typing import Final

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from obs.sandbox.events import Event, events_per_second, make_event, make_poison
from obs.sandbox.oms_streams import STREAM

_BATCH: Final = 20
_PULL_SECONDS: Final = 1.0
_PUBLISH_SECONDS: Final = 1.0
_PAUSE: Final = 0.2  # seconds until a server that is away, or a stopped worker, is looked at again
_RETRY_SECONDS: Final = 2.0  # until an event that failed is delivered again

_AWAY: Final = (NatsError, OSError, TimeoutError)


class Publisher:
    """Publishes events at the OMS' varying pace; what cannot be published is lost.

    `poison_share` of the events cannot be read.
    """

    def __init__(self, chance: random.Random) -> None:
        self.poison_share = 0.0
        self._chance = chance
        self._poison = 0

    def add_poison(self) -> None:
        """Let one of the next events be poison."""
        self._poison += 1

    async def run(self, jetstream: JetStreamContext) -> None:
        """Publish until cancelled."""
        while True:
            now = time.time()
            await asyncio.sleep(self._chance.expovariate(events_per_second(now)))
            await self._publish(jetstream, self._next_event(now))

    def _next_event(self, now: float) -> Event:
        if self._poison:
            self._poison -= 1
            return make_poison(now, self._chance)
        if self._chance.random() < self.poison_share:
            return make_poison(now, self._chance)
        return make_event(now, self._chance)

    async def _publish(self, jetstream: JetStreamContext, event: Event) -> None:
        try:
            await jetstream.publish(
                event.subject, event.body, timeout=_PUBLISH_SECONDS, headers=event.headers
            )
        except _AWAY:
            await asyncio.sleep(_PAUSE)


class Trouble(StrEnum):
    """How a worker may misbehave; where there are several, the first of these prevails."""

    STOPPED = "stopped"  # asks for no messages
    STALLED = "stalled"  # takes messages and never acknowledges one
    SLOW = "slow"  # takes and acknowledges fewer than arrive


class Worker:
    """The application behind one consumer.

    It acknowledges `per_second` messages at most, `slow_per_second` when in trouble. One that
    reads bodies gives an event it cannot read back, to be delivered again.
    """

    def __init__(
        self,
        consumer: str,
        *,
        per_second: float,
        slow_per_second: float,
        reads_bodies: bool = False,
    ) -> None:
        self.consumer = consumer
        self._per_second = per_second
        self._slow_per_second = slow_per_second
        self._reads_bodies = reads_bodies
        self._troubles: set[Trouble] = set()

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with it now."""
        return next((trouble for trouble in Trouble if trouble in self._troubles), None)

    def start(self, trouble: Trouble) -> None:
        """Let it misbehave."""
        self._troubles.add(trouble)

    def stop(self, trouble: Trouble) -> None:
        """End that; harmless where it was not so."""
        self._troubles.discard(trouble)

    async def run(self, jetstream: JetStreamContext) -> None:
        """Take and acknowledge messages until cancelled."""
        subscription = await jetstream.pull_subscribe_bind(self.consumer, STREAM)
        while True:
            if self.trouble is Trouble.STOPPED:
                await asyncio.sleep(_PAUSE)
                continue
            batch = 1 if self.trouble is Trouble.SLOW else _BATCH
            try:
                messages = await subscription.fetch(batch, timeout=_PULL_SECONDS)
                await self._work(messages)
            except TimeoutError:  # nothing arrived
                continue
            except _AWAY:
                await asyncio.sleep(_PAUSE)

    async def _work(self, messages: list[Msg]) -> None:
        pace = self._slow_per_second if self.trouble is Trouble.SLOW else self._per_second
        for message in messages:
            if self.trouble is not Trouble.STALLED:
                await self._answer(message)
        await asyncio.sleep(len(messages) / pace)

    async def _answer(self, message: Msg) -> None:
        if self._reads_bodies and not _is_json(message.data):
            await message.nak(delay=_RETRY_SECONDS)
        else:
            await message.ack()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
