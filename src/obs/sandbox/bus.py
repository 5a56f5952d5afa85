"""The OMS' events on EventBridge, as they are where traces are exported: the publisher puts them on
the bus, a rule sends them to a queue, and an application reads that."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from obs.sandbox.aws_events import BUS, RULES, aws, queue_arn, queue_policy
from obs.sandbox.events import Event
from obs.tracing import EventBridge, Sqs, Tracing

QUEUE: Final = "oms-catalogue"
CONSUMER: Final = "oms-catalogue"
_RULE: Final = RULES[1]  # the demo's rules match all events
_BATCH: Final = 10  # entries of PutEvents, messages of SQS
_PUT_SECONDS: Final = 0.5  # between two batches
_WAIT_SECONDS: Final = 1  # for a message
_PAUSE: Final = 0.5  # seconds after AWS did not answer
_MOST_WAITING: Final = 1000  # events; more are dropped
_UNREACHABLE: Final = (BotoCoreError, ClientError)


def create_queue(endpoint_url: str) -> str:
    """Make the queue a target of the rule; its URL."""
    policy = json.dumps(queue_policy(queue_arn(QUEUE), BUS, [_RULE]))
    queue = aws("sqs", endpoint_url).create_queue(QueueName=QUEUE, Attributes={"Policy": policy})
    aws("events", endpoint_url).put_targets(
        Rule=_RULE,
        EventBusName=BUS,
        Targets=[
            {
                "Id": QUEUE,
                "Arn": queue_arn(QUEUE),
                "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
            }
        ],
    )
    url: str = queue["QueueUrl"]
    return url


def entry_of(event: Event) -> dict[str, Any] | None:
    """An event as an entry of PutEvents, its detail a CloudEvent; None where its body is poison."""
    try:
        data = json.loads(event.body)
    except ValueError:
        return None
    attributes = {
        name.removeprefix("ce_"): value
        for name, value in event.headers.items()
        if name.startswith("ce_") and name != "ce_traceparent"
    }
    return {
        "Source": attributes["source"],
        "DetailType": attributes["type"],
        "EventBusName": BUS,
        "Detail": json.dumps(attributes | {"data": data}),
    }


class BusPublisher:
    """Puts events on the bus, some at a time, each with the context in which it was offered."""

    def __init__(self, endpoint_url: str, tracing: Tracing) -> None:
        self._client = aws("events", endpoint_url)
        self._tracing = tracing
        self._waiting: list[dict[str, Any]] = []

    def offer(self, event: Event) -> None:
        """Let an event be put on the bus soon."""
        entry = entry_of(event)
        if entry is not None and len(self._waiting) < _MOST_WAITING:
            with self._tracing.creating(EventBridge(BUS), entry) as created:
                self._waiting.append(created)

    async def run(self) -> None:
        """Put what waits until cancelled."""
        while True:
            await asyncio.sleep(_PUT_SECONDS)
            while self._waiting:
                entries, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                try:
                    await self._put(entries)
                except _UNREACHABLE:
                    await asyncio.sleep(_PAUSE)

    async def _put(self, entries: Sequence[dict[str, Any]]) -> None:
        with self._tracing.publishing_batch(EventBridge(BUS), entries) as traced:
            await asyncio.to_thread(self._client.put_events, Entries=traced)


class QueueWorker:
    """The application behind the queue."""

    def __init__(self, endpoint_url: str, queue_url: str, tracing: Tracing) -> None:
        self._client = aws("sqs", endpoint_url)
        self._queue = Sqs(queue_url)
        self._tracing = tracing

    async def run(self) -> None:
        """Receive and delete messages until cancelled."""
        while True:
            try:
                await self._work(await self._receive())
            except _UNREACHABLE:
                await asyncio.sleep(_PAUSE)

    async def _receive(self) -> list[dict[str, Any]]:
        with self._tracing.receiving(self._queue) as received:
            answer = await asyncio.to_thread(
                self._client.receive_message,
                QueueUrl=self._queue.queue_url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageAttributeNames=["All"],
            )
            received.extend(answer.get("Messages", []))
        return received

    async def _work(self, messages: Sequence[dict[str, Any]]) -> None:
        for message in messages:
            with self._tracing.processing(message, self._queue):
                json.loads(message["Body"])
                await asyncio.to_thread(
                    self._client.delete_message,
                    QueueUrl=self._queue.queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                )
