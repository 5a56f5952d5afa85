"""Applications behind consumers, which record what they acknowledge."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from tests.integration.outstanding import Outstanding, sequence

PULL_SECONDS = 0.3
AWAY = (NatsError, APIError, TimeoutError)


@dataclass
class Worker:
    """Takes `batch` messages at a time and works on each for `seconds`, one after the other.

    A `juggling` one works on all at once and always holds one: it acknowledges a message only when
    it has another. `acknowledges` says which messages it acknowledges at all. `working` is set
    while it works.
    """

    consumer: str
    outstanding: Outstanding
    seconds: float = 0.0
    batch: int = 1
    juggling: bool = False
    acknowledges: Callable[[Msg], bool] = lambda message: True
    working: asyncio.Event = field(default_factory=asyncio.Event)
    newest: int = 0  # sequence it took last

    def __post_init__(self) -> None:
        self.working.set()

    async def run(self, js: JetStreamContext, stream: str) -> None:
        """Work until cancelled."""
        pull = await js.pull_subscribe_bind(consumer=self.consumer, stream=stream)
        async with asyncio.TaskGroup() as hands:
            while True:
                await self.working.wait()
                try:
                    messages = await pull.fetch(self.batch, timeout=PULL_SECONDS)
                except AWAY:
                    await asyncio.sleep(0.01)
                    continue
                for message in messages:
                    self.newest = sequence(message)
                    work = hands.create_task(self._work(message))
                    if not self.juggling:
                        await work

    async def _work(self, message: Msg) -> None:
        if not self.acknowledges(message):
            return
        await asyncio.sleep(self.seconds)
        while self.juggling and self.newest == sequence(message):
            await asyncio.sleep(0.01)
        self.outstanding.settling(sequence(message), time.time())
        try:
            await message.ack_sync(timeout=2)
        except AWAY:  # whether it arrived is not known; if not, the message comes again
            return
        self.outstanding.settle(sequence(message), time.time())
