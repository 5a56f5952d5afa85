"""One trace from the OMS' publisher through NATS and EventBridge to both consumers."""

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import nats
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from obs.sandbox.oms import Sandbox
from obs.sandbox.trace_export import exporting
from obs.sandbox.traces import Traces
from obs.sandbox.traffic import WorkerFault
from tests.integration.otlp_receivers import ServiceSpan, TraceReceiver, trace_receiver
from tests.integration.waiting import eventually_async

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("demo")]

OLD = "4bf92f3577b34da6a3ce929d0e0e4736"
"""A trace id alone, as publishers of old wrote it into ce_traceparent."""


def of(
    spans: Iterable[ServiceSpan], service: str, name: str, kind: "Span.SpanKind.ValueType"
) -> list[ServiceSpan]:
    """The spans of a service whose names begin so."""
    return [
        one
        for one in spans
        if one.service == service and one.span.name.startswith(name) and one.span.kind == kind
    ]


def whole_trace(receiver: TraceReceiver) -> list[ServiceSpan]:
    """The spans of an event about an object that all who want it have processed."""
    by_trace: dict[bytes, list[ServiceSpan]] = {}
    for one in receiver.spans:
        by_trace.setdefault(one.span.trace_id, []).append(one)
    wanted = {"oms", "oms-processor", "oms-search-indexer", "oms-catalogue"}
    return next(
        (
            spans
            for spans in by_trace.values()
            if {one.service for one in spans} == wanted and len(spans) == 6
        ),
        [],
    )


def assert_one_trace(spans: list[ServiceSpan]) -> None:
    (root,) = of(spans, "oms", "change catalogue", Span.SPAN_KIND_INTERNAL)
    (published,) = of(spans, "oms", "publish oms.events.object.", Span.SPAN_KIND_PRODUCER)
    (created,) = of(spans, "oms", "create oms-events", Span.SPAN_KIND_PRODUCER)
    assert root.span.parent_span_id == b""
    assert published.span.parent_span_id == created.span.parent_span_id == root.span.span_id
    subject = published.span.name.removeprefix("publish ")
    assert published.attributes == {
        "messaging.system": "nats",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": subject,
        "messaging.message.id": published.attributes["messaging.message.id"],
    }
    assert created.attributes == {
        "messaging.system": "aws_eventbridge",
        "messaging.operation.name": "create",
        "messaging.operation.type": "create",
        "messaging.destination.name": "oms-events",
    }
    for consumer in ("oms-processor", "oms-search-indexer"):
        (processed,) = of(spans, consumer, f"process {subject}", Span.SPAN_KIND_CONSUMER)
        assert processed.span.parent_span_id == published.span.span_id
        assert processed.linked == {published.span.span_id}
        assert processed.attributes == published.attributes | {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.nats.stream": "OMS_EVENTS",
            "messaging.destination.subscription.name": consumer,
            "messaging.nats.message.delivery_attempt": 1,
            "cloudevents.event_id": published.attributes["messaging.message.id"],
            "cloudevents.event_source": "oms",
            "cloudevents.event_type": subject.replace("oms.events.", "oms."),
        }
    (consumed,) = of(spans, "oms-catalogue", "process oms-catalogue", Span.SPAN_KIND_CONSUMER)
    assert consumed.span.parent_span_id == created.span.span_id
    assert consumed.linked == {created.span.span_id}
    assert consumed.attributes.items() >= {
        ("messaging.system", "aws_sqs"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", "oms-catalogue"),
    }
    assert consumed.attributes["aws.sqs.queue.url"].endswith("/oms-catalogue")
    assert {one.span.status.code for one in spans} == {Status.STATUS_CODE_UNSET}


def batch(
    receiver: TraceReceiver,
    name: str,
    service: str,
    kind: "Span.SpanKind.ValueType",
    creating: str,
) -> ServiceSpan | None:
    """A span of several messages that links to each span which created one, all received."""
    created = {
        one.span.span_id for one in of(receiver.spans, "oms", creating, Span.SPAN_KIND_PRODUCER)
    }
    for one in of(receiver.spans, service, name, kind):
        number = one.attributes.get("messaging.batch.message_count", 0)
        if number > 1 and len(one.linked & created) == number:
            return one
    return None


BATCHES = (
    ("put oms-events", "oms", Span.SPAN_KIND_CLIENT, "create oms-events"),
    ("receive oms-catalogue", "oms-catalogue", Span.SPAN_KIND_CLIENT, "create oms-events"),
    ("fetch OMS_EVENTS", "oms-processor", Span.SPAN_KIND_CLIENT, "publish oms.events."),
    ("process OMS_EVENTS", "oms-audit", Span.SPAN_KIND_CONSUMER, "publish oms.events."),
)
"""Spans of many messages: sent, received and pulled, and processed at once."""


def of_old(receiver: TraceReceiver) -> list[ServiceSpan]:
    found = [one for one in receiver.spans if one.span.trace_id == bytes.fromhex(OLD)]
    return found if len(found) > 1 else []


def with_events(receiver: TraceReceiver) -> list[ServiceSpan]:
    return [one for one in receiver.spans if one.span.events]


def assert_of_old(spans: list[ServiceSpan]) -> None:
    """All consumers of an event with a bare trace id are in that trace, under one parent."""
    assert {one.service for one in spans} == {"oms-processor", "oms-search-indexer"}
    assert {one.span.parent_span_id for one in spans} == {bytes.fromhex(OLD)[8:]}
    assert {one.attributes["obs.tracing.bare_trace_id"] for one in spans} == {True}


def assert_told(spans: list[ServiceSpan]) -> None:
    """A malformed context begins a new trace, and is told without its value."""
    (event,) = spans[0].span.events
    assert spans[0].span.parent_span_id == b""
    assert event.name == "obs.tracing.malformed_context"
    assert {one.key: one.value.string_value for one in event.attributes} == {
        "obs.tracing.field": "ce_traceparent",
        "obs.tracing.reason": "not a traceparent",
    }


async def publish_as_of_old(sandbox: Sandbox, header: str, body: bytes) -> None:
    client = await nats.connect(
        sandbox.nats.url, user="obs", password=sandbox.variables["OBS_DEMO_NATS_PASSWORD"]
    )
    headers = {"ce_traceparent": header}
    await client.publish("oms.events.object.changed", body, headers=headers)
    await client.close()


async def test_an_event_is_one_trace_through_both_platforms(tmp_path: Path) -> None:
    async with trace_receiver() as receiver:
        traces = Traces(await asyncio.to_thread(exporting, receiver.endpoint))
        async with Sandbox(tmp_path, traces=traces) as sandbox:
            audit = sandbox.workers["oms-audit"]
            audit.start(WorkerFault.STOPPED)  # so that events wait for it
            await publish_as_of_old(sandbox, OLD, b"{}")
            await publish_as_of_old(sandbox, "not a context", b"{")
            assert_one_trace(await eventually_async(lambda: whole_trace(receiver)))
            assert_of_old(await eventually_async(lambda: of_old(receiver)))
            assert_told(await eventually_async(lambda: with_events(receiver)))
            audit.stop(WorkerFault.STOPPED)
            for wanted in BATCHES:
                assert await eventually_async(partial(batch, receiver, *wanted))
    assert "not a context" not in str(receiver.spans)
