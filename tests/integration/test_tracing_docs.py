"""The examples of docs/tracing.md, run as they stand against real brokers."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nats
import pytest
from faststream.nats import NatsBroker
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from obs import tracing
from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_events import aws, create_oms
from obs.sandbox.bus import QUEUE, create_queue
from obs.sandbox.nats_server import NatsServer
from tests.integration.waiting import eventually, eventually_async

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "tracing.md"


class Examples(SimpleNamespace):
    """What the page defines, its spans recorded here."""

    def __init__(self) -> None:
        self.recorded = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.recorded))
        for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.M):
            exec(compile(block, str(PAGE), "exec"), vars(self))
        kinds = {name: getattr(tracing, name) for name in ("Nats", "Sqs", "EventBridge")}
        own = tracing.Tracing(provider)
        functions = [name for name in tracing.__all__ if hasattr(own, name)]
        self.tracing = SimpleNamespace(**kinds, **{name: getattr(own, name) for name in functions})

    def spans(self, prefix: str) -> list[ReadableSpan]:
        return [one for one in self.recorded.get_finished_spans() if one.name.startswith(prefix)]


@pytest.fixture
def examples() -> Examples:
    return Examples()


def linked(span: ReadableSpan) -> list[int]:
    return [link.context.span_id for link in span.links]


def assert_continues(child: ReadableSpan, parent: ReadableSpan) -> None:
    assert child.parent is not None
    assert child.parent.span_id == parent.context.span_id
    assert child.context.trace_id == parent.context.trace_id
    assert linked(child) == [parent.context.span_id]


@contextlib.asynccontextmanager
async def jetstream(server: NatsServer) -> AsyncIterator[Any]:
    client = await nats.connect(server.url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def test_nats_py_and_faststream(examples: Examples, nats_server: NatsServer) -> None:
    async with jetstream(nats_server) as stream:
        await stream.add_stream(name="OMS_EVENTS", subjects=["oms.>"])
        subscription = await stream.pull_subscribe("oms.>", "oms-processor", "OMS_EVENTS")
        await examples.publish(stream, "oms.changed", b"{}")
        handled = []

        async def handle(message: Any) -> None:
            handled.append(message.subject)

        await examples.consume(subscription, handle)
    assert handled == ["oms.changed"]
    (published,), (processed,) = examples.spans("publish"), examples.spans("process")
    assert_continues(processed, published)
    (fetched,) = examples.spans("fetch OMS_EVENTS")
    assert linked(fetched) == [published.context.span_id]

    broker = NatsBroker(nats_server.url, middlewares=[examples.Traced])
    arrived = asyncio.Event()

    @broker.subscriber("first")
    @broker.publisher("second")
    async def first(text: str) -> str:
        return text

    @broker.subscriber("second")
    async def second(text: str) -> None:
        arrived.set()

    async with broker:
        await broker.start()
        await broker.publish("hello", "first")
        async with asyncio.timeout(40):
            await arrived.wait()
        last = await eventually_async(lambda: examples.spans("process second"))
    assert_continues(examples.spans("process first")[0], examples.spans("publish first")[0])
    between = examples.spans("publish second")[0]
    assert between.parent is not None
    assert between.parent.span_id == examples.spans("process first")[0].context.span_id
    assert_continues(last[0], between)


def test_boto3(examples: Examples, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with AwsEmulator(folder=tmp_path / "aws") as emulator:
        create_oms(emulator.endpoint_url)
        queue_url = create_queue(emulator.endpoint_url)
        events, sqs = (aws(name, emulator.endpoint_url) for name in ("events", "sqs"))
        entry = {"EventBusName": "oms-events", "Source": "oms", "DetailType": "of old"}
        examples.put(events, {"table": "orders"})
        examples.put_all(events, [entry | {"Detail": json.dumps({"n": n})} for n in range(2)])
        examples.send(sqs, queue_url, "by itself")
        bodies: list[str] = []

        def worked() -> bool:
            examples.work(sqs, queue_url, lambda message: bodies.append(message["Body"]))
            return len(bodies) == 4

        assert eventually(worked)
    created = examples.spans("put oms-events")[:1] + examples.spans("create oms-events")
    created += examples.spans(f"send {QUEUE}")
    processed = {one.parent.span_id: one for one in examples.spans("process") if one.parent}
    for one in created:
        assert_continues(processed[one.context.span_id], one)
    batch = examples.spans("put oms-events")[1]
    assert linked(batch) == [one.context.span_id for one in created[1:3]]

    attribute = {"stringValue": "00-" + "a" * 32 + "-" + "b" * 16 + "-01", "dataType": "String"}
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "messageAttributes": {"traceparent": attribute},
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
    }
    examples.lambda_handler({"Records": [record]}, None)
    assert capsys.readouterr().out == "m\n"
    (of_lambda,) = examples.spans("process orders")
    assert of_lambda.context.trace_id == int("a" * 32, 16)
