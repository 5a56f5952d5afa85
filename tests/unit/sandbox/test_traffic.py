"""Workers take and acknowledge messages, or misbehave as told."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import pytest
from nats.js import JetStreamContext

from obs.sandbox.traffic import Publisher, Worker, WorkerFault


@dataclass
class Message:
    data: bytes
    answers: list[str] = field(default_factory=list)

    async def ack(self) -> None:
        self.answers.append("ack")

    async def nak(self, delay: float) -> None:
        self.answers.append("nak")


class Jetstream:
    """A stream that always has another message; also what a subscription to it is."""

    def __init__(self, data: bytes = b"{}") -> None:
        self.data = data
        self.taken: list[Message] = []
        self.published: list[bytes] = []

    async def pull_subscribe_bind(self, consumer: str, stream: str) -> "Jetstream":
        return self

    async def fetch(self, batch: int, timeout: float) -> list[Message]:
        messages = [Message(self.data) for _ in range(batch)]
        self.taken += messages
        return messages

    async def publish(self, subject: str, body: bytes, **_: object) -> None:
        self.published.append(body)

    def as_context(self) -> JetStreamContext:
        return cast("JetStreamContext", self)

    def answers(self) -> Counter[str]:
        return Counter(answer for message in self.taken for answer in message.answers)


async def run_worker(
    jetstream: Jetstream, *faults: WorkerFault, reads_bodies: bool = False
) -> None:
    worker = Worker("any", per_second=1000, slow_per_second=100, reads_bodies=reads_bodies)
    for fault in faults:
        worker.start(fault)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.run(jetstream.as_context()), 0.3)


async def test_a_healthy_worker_acknowledges_what_it_takes() -> None:
    jetstream = Jetstream()
    await run_worker(jetstream)
    assert jetstream.answers() == {"ack": len(jetstream.taken)}
    assert len(jetstream.taken) > 60


async def test_a_stopped_worker_takes_nothing() -> None:
    jetstream = Jetstream()
    await run_worker(jetstream, WorkerFault.STOPPED, WorkerFault.SLOW)
    assert jetstream.taken == []


async def test_a_stalled_worker_takes_and_never_answers() -> None:
    jetstream = Jetstream()
    await run_worker(jetstream, WorkerFault.STALLED)
    assert jetstream.taken
    assert jetstream.answers() == {}


async def test_a_slow_worker_acknowledges_at_its_slow_pace() -> None:
    jetstream = Jetstream()
    await run_worker(jetstream, WorkerFault.SLOW)
    assert 5 <= jetstream.answers()["ack"] <= 31


async def test_a_worker_that_reads_bodies_gives_back_what_it_cannot_read() -> None:
    jetstream = Jetstream(b'{"cut')
    await run_worker(jetstream, reads_bodies=True)
    assert jetstream.answers() == {"nak": len(jetstream.taken)}


async def test_a_worker_that_does_not_read_bodies_takes_any() -> None:
    jetstream = Jetstream(b'{"cut')
    await run_worker(jetstream)
    assert jetstream.answers() == {"ack": len(jetstream.taken)}


def readable(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


async def test_poison_is_published_as_often_as_asked_for() -> None:
    jetstream, publisher = Jetstream(), Publisher(random.Random(3))
    publisher.add_poison()
    publisher.add_poison()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(publisher.run(jetstream.as_context()), 0.5)
    assert [readable(body) for body in jetstream.published][:3] == [False, False, True]
    assert sum(not readable(body) for body in jetstream.published) == 2
