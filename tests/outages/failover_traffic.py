"""What happens in a NATS account and on an EventBridge bus while collectors fail, and how much."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Final

import nats
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import NoStreamResponseError

from obs.sandbox import aws_events
from tests.integration.collector_process import Sample, key
from tests.integration.waiting import answered

USER, PASSWORD = "traffic", "t"
BUCKET: Final = "obs-lease"
BUS: Final = aws_events.BUS
FAILING, FINE = aws_events.RULES
STREAM: Final = "ORDERS"
WORKER, STUCK = "worker", "stuck"
BACKLOG: Final = 3_000  # messages that nobody pulls: more than NatsConsumerLagHigh allows
_EACH: Final = 4  # invocations and messages, a second
BAD_EACH: Final = _EACH // 2
"""Of the invocations of the failing rule, a second."""
_PAST_MINUTES: Final = 90
_ANSWERS: Final = 2.0  # seconds for a pull
_REFUSALS: Final = (NoStreamResponseError, NoRespondersError, NatsTimeout)
"""While a leader is elected."""


def invocations(rule: str, name: str = "invocations") -> Sample:
    """The counter of a rule."""
    return key(f"eventbridge_{name}_total", aws="aws", bus=BUS, rule=rule)


DELIVERED: Final = key(
    "nats_consumer_delivered_total", nats="nats", account="$G", stream=STREAM, consumer=WORKER
)
FAILED: Final = invocations(FAILING, "failed_invocations")
COUNTED: Final = (invocations(FAILING), invocations(FINE), FAILED, DELIVERED)
"""What there is a truth of."""


class Traffic:
    """Every second some messages and invocations, half of those of one rule in vain."""

    def __init__(self, servers: Sequence[str], endpoint_url: str) -> None:
        """`servers`: addresses of one NATS server or of all of a cluster."""
        self._servers = list(servers)
        self._endpoint_url = endpoint_url
        self._flows = Event()
        self._ended = Event()
        self._idle = Event()
        self._totals: dict[Sample, list[tuple[float, float]]] = {
            each: [(0.0, 0.0)] for each in COUNTED
        }

    def prepare(self) -> None:
        """Create stream, consumers, bucket, bus and rules, with a past in which events failed."""
        asyncio.run(self._prepare_nats())
        aws_events.create_oms(self._endpoint_url)
        sqs = aws_events.aws("sqs", self._endpoint_url)
        queue = sqs.get_queue_url(QueueName=aws_events.DEAD_LETTER_QUEUE)["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="{}")
        now = int(time.time()) // 60 * 60
        past = [now - 60 * each for each in range(1, _PAST_MINUTES)]
        for rule in (FAILING, FINE):
            points = {"Invocations": dict.fromkeys(past, 60.0 * _EACH)}
            if rule == FAILING:
                points["FailedInvocations"] = dict.fromkeys(past, 60.0 * BAD_EACH)
            aws_events.put_rule_points(self._endpoint_url, BUS, rule, points)

    def flow(self) -> None:
        """Begin, or go on."""
        self._idle.clear()
        self._flows.set()

    def pause(self) -> None:
        """Nothing happens any more once this returns."""
        self._flows.clear()
        self._idle.wait(10)

    def total(self, sample: Sample, at: float | None = None) -> float:
        """How much of it had happened at most at this moment (Unix seconds)."""
        points = self._totals[sample]
        return max(total for when, total in points if at is None or when <= at)

    @contextmanager
    def running(self) -> Iterator["Traffic"]:
        """It flows only after `flow`, and ends with the context."""
        thread = Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join(10)

    def elect(self) -> None:
        """Let the leaders of the streams and of a consumer step down, one after the other."""
        asyncio.run(self._elect())

    async def _elect(self) -> None:
        client = await self._connect()
        for what in (
            f"STREAM.LEADER.STEPDOWN.KV_{BUCKET}",
            f"STREAM.LEADER.STEPDOWN.{STREAM}",
            f"CONSUMER.LEADER.STEPDOWN.{STREAM}.{WORKER}",
        ):
            answer = json.loads((await client.request(f"$JS.API.{what}", b"")).data)
            assert answer.get("success"), answer
        await client.close()

    async def _prepare_nats(self) -> None:
        client = await self._connect()
        stream = client.jetstream()
        await stream.add_stream(
            StreamConfig(name=STREAM, subjects=["orders.>"], num_replicas=len(self._servers))
        )
        for name in (WORKER, STUCK):
            subject = "orders.new" if name == WORKER else "orders.old"
            wanted = ConsumerConfig(durable_name=name, filter_subject=subject)
            await stream.add_consumer(STREAM, wanted)
        await stream.create_key_value(bucket=BUCKET, history=1, replicas=len(self._servers))
        for _ in range(BACKLOG):
            await client.publish("orders.old", b"x")
        await client.flush()
        await client.close()

    async def _connect(self) -> Client:
        return await nats.connect(self._servers, user=USER, password=PASSWORD)

    async def _run(self) -> None:
        client = await self._connect()
        pull = await client.jetstream().pull_subscribe_bind(consumer=WORKER, stream=STREAM)
        owed = 0  # while leaders are elected, a pull may get less than there is
        while not self._ended.is_set():
            flows = self._flows.is_set()
            if flows:
                for _ in range(_EACH):
                    await answered(
                        partial(client.jetstream().publish, "orders.new", b"x"), *_REFUSALS
                    )
                self._add({DELIVERED: _EACH})
                owed += _EACH
            if owed:
                for message in await answered(partial(pull.fetch, owed, _ANSWERS), *_REFUSALS):
                    await message.ack()
                    owed -= 1
            if flows:
                await asyncio.to_thread(self._put)
                await asyncio.sleep(1)
            elif not owed:
                self._idle.set()
                await asyncio.sleep(0.05)
        await client.close()

    def _put(self) -> None:
        minute = int(time.time()) // 60 * 60
        self._add({FAILED: BAD_EACH, invocations(FAILING): _EACH, invocations(FINE): _EACH})
        points = {"Invocations": {minute: float(_EACH)}}
        aws_events.put_rule_points(self._endpoint_url, BUS, FINE, points)
        points["FailedInvocations"] = {minute: float(BAD_EACH)}
        aws_events.put_rule_points(self._endpoint_url, BUS, FAILING, points)

    def _add(self, more: Mapping[Sample, float]) -> None:
        now = time.time()
        for sample, number in more.items():
            self._totals[sample].append((now, self._totals[sample][-1][1] + number))
