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
from opentelemetry.trace import Span, StatusCode

from obs.sandbox.bus import BusPublisher
from obs.sandbox.events import Event, events_per_second, make_event, make_poison, without_trace
from obs.sandbox.oms_streams import STREAM
from obs.sandbox.traces import NO_TRACES, Traces
from obs.tracing import Nats, names

_BATCH: Final = 20
_PULL_SECONDS: Final = 1.0
_PUBLISH_SECONDS: Final = 1.0
_PAUSE: Final = 0.2  # seconds between attempts while a server is unreachable or a worker stopped
_RETRY_SECONDS: Final = 2.0  # until a failed event is redelivered

PUBLISHER: Final = "oms"
_UNREACHABLE: Final = (NatsError, OSError, TimeoutError)


class Publisher:
    """Publishes events at the OMS' varying rate; events that cannot be published are lost.

    `poison_share` of the events cannot be parsed. Where traces are exported, each event is the
    beginning of one, and goes to `bus` too.
    """

    def __init__(self, chance: random.Random, traces: Traces = NO_TRACES) -> None:
        self.poison_share = 0.0
        self.bus: BusPublisher | None = None
        self._traces = traces
        self._tracer = traces.tracer(PUBLISHER)
        self._tracing = traces.tracing(PUBLISHER)
        self._chance = chance
        self._poison = 0

    def add_poison(self) -> None:
        """Make one of the next events a poison message."""
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
        if self._traces.exported:
            event = without_trace(event)
        with self._tracer.start_as_current_span("change catalogue"):
            if self.bus is not None:
                self.bus.offer(event)
            try:
                await self._send(jetstream, event)
            except _UNREACHABLE:
                await asyncio.sleep(_PAUSE)

    async def _send(self, jetstream: JetStreamContext, event: Event) -> None:
        with self._tracing.publishing(Nats(event.subject), event.headers) as headers:
            await jetstream.publish(
                event.subject, event.body, timeout=_PUBLISH_SECONDS, headers=headers
            )


class WorkerFault(StrEnum):
    """Faults of a worker; with several, the first of these applies."""

    STOPPED = "stopped"  # pulls no messages
    STALLED = "stalled"  # pulls messages but never acknowledges them
    SLOW = "slow"  # acknowledges fewer messages than arrive


class Worker:
    """The application behind one consumer.

    It acknowledges `per_second` messages at most, `slow_per_second` when slow. With `reads_bodies`
    it naks events that it cannot parse, so that they are redelivered. With `in_batches` it works
    on all that it pulled at once.
    """

    def __init__(
        self,
        consumer: str,
        traces: Traces = NO_TRACES,
        *,
        per_second: float,
        slow_per_second: float,
        reads_bodies: bool = False,
        in_batches: bool = False,
    ) -> None:
        self.consumer = consumer
        self._per_second = per_second
        self._slow_per_second = slow_per_second
        self._reads_bodies = reads_bodies
        self._in_batches = in_batches
        self._tracing = traces.tracing(consumer)
        self._faults: set[WorkerFault] = set()

    @property
    def fault(self) -> WorkerFault | None:
        """The current fault; None if it works normally."""
        return next((fault for fault in WorkerFault if fault in self._faults), None)

    def start(self, fault: WorkerFault) -> None:
        """Start a fault."""
        self._faults.add(fault)

    def stop(self, fault: WorkerFault) -> None:
        """Stop a fault; no effect where it was not started."""
        self._faults.discard(fault)

    async def run(self, jetstream: JetStreamContext) -> None:
        """Pull and acknowledge messages until cancelled."""
        subscription = await jetstream.pull_subscribe_bind(self.consumer, STREAM)
        while True:
            if self.fault is WorkerFault.STOPPED:
                await asyncio.sleep(_PAUSE)
                continue
            batch = 1 if self.fault is WorkerFault.SLOW else _BATCH
            try:
                await self._work(await self._fetch(subscription, batch))
            except TimeoutError:  # nothing arrived
                continue
            except _UNREACHABLE:
                await asyncio.sleep(_PAUSE)

    async def _fetch(
        self, subscription: JetStreamContext.PullSubscription, batch: int
    ) -> list[Msg]:
        source = Nats(stream=STREAM, consumer=self.consumer)
        with self._tracing.receiving(source) as received:
            received.extend(await subscription.fetch(batch, timeout=_PULL_SECONDS))
        return received

    async def _work(self, messages: list[Msg]) -> None:
        rate = self._slow_per_second if self.fault is WorkerFault.SLOW else self._per_second
        if self.fault is not WorkerFault.STALLED:
            await self._answer_all(messages)
        await asyncio.sleep(len(messages) / rate)

    async def _answer_all(self, messages: list[Msg]) -> None:
        if self._in_batches:
            with self._tracing.processing_batch(messages, Nats(stream=STREAM)) as span:
                for message in messages:
                    await self._answer(message, span)
            return
        for message in messages:
            if self.fault is WorkerFault.STALLED:
                return
            with self._tracing.processing(message) as span:
                await self._answer(message, span)

    async def _answer(self, message: Msg, span: Span) -> None:
        if self._reads_bodies and not _is_json(message.data):
            span.set_status(StatusCode.ERROR)
            span.set_attribute(names.ERROR_TYPE, "unreadable")
            await message.nak(delay=_RETRY_SECONDS)
        else:
            await message.ack()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
