"""Spans and metrics by OpenTelemetry's conventions for messaging."""

import json
import subprocess
import sys

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.semconv._incubating.attributes import (
    aws_attributes,
    cloudevents_attributes,
    messaging_attributes,
)
from opentelemetry.semconv._incubating.metrics import messaging_metrics
from opentelemetry.semconv.attributes import error_attributes
from opentelemetry.trace import SpanKind, StatusCode

from obs import tracing
from obs.tracing import EventBridge, Nats, Sqs, Tracing, names
from tests.unit.tracing.recorded import (
    JETSTREAM,
    PARENT,
    SPAN,
    TRACE,
    Recorded,
    ids,
    linked,
    message,
)

TO = Nats("oms.changed")
FOREIGN = ("messaging.", "cloudevents.", "aws.", "error.")
FROM_PUBLISHER = message({"traceparent": PARENT, "tracestate": "v=1", "baggage": "team=oms"})


def test_the_names_are_those_of_the_conventions() -> None:
    ours = {
        value
        for name, value in vars(names).items()
        if name.isupper()
        and str(value).startswith(("messaging.", "cloudevents.", "aws.", "error."))
    }
    known = {
        value
        for module in (
            *(aws_attributes, cloudevents_attributes, messaging_attributes),
            *(messaging_metrics, error_attributes),
        )
        for name, value in vars(module).items()
        if name.isupper()
    }
    assert ours - known == {"messaging.nats.stream", "messaging.nats.message.delivery_attempt"}
    assert messaging_attributes.MessagingSystemValues(names.SYSTEM_SQS)
    for kind in ("CREATE", "SEND", "RECEIVE", "PROCESS"):
        value = messaging_attributes.MessagingOperationTypeValues[kind].value
        assert getattr(names, f"TYPE_{kind}") == value


def test_importing_it_loads_nothing_but_opentelemetry_s_interface() -> None:
    code = (
        "import sys; before = set(sys.modules); import obs.tracing;"
        "print(*sorted(set(sys.modules) - before - {'obs', 'obs.tracing'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("obs.tracing.")}
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name.partition(".")[0] for name in foreign} == {"opentelemetry", "typing_extensions"}
    assert [name for name in foreign if name.startswith("opentelemetry.sdk")] == []


def test_a_published_message_begins_a_trace_and_a_processed_one_goes_on() -> None:
    recorded = Recorded()
    with recorded.tracing.publishing(TO) as headers:
        pass
    with recorded.tracing.processing(message(headers, reply=JETSTREAM)):
        pass
    sent, processed = recorded.spans
    assert (sent.name, sent.kind) == ("publish oms.changed", SpanKind.PRODUCER)
    assert (processed.name, processed.kind) == ("process oms.changed", SpanKind.CONSUMER)
    own = f"{sent.context.span_id:016x}"
    assert ids(processed) == (f"{sent.context.trace_id:032x}", own)
    assert linked(processed) == [own]


def test_within_another_span_processing_is_its_child_and_links_to_the_message() -> None:
    recorded = Recorded()
    with recorded.tracer.start_as_current_span("request") as request:
        outer = f"{request.get_span_context().span_id:016x}"
        with recorded.tracing.processing(FROM_PUBLISHER):
            pass
        assert ids(recorded.last)[1] == outer
        assert linked(recorded.last) == [SPAN]
        with recorded.tracing.processing(FROM_PUBLISHER, child=True):
            pass
        assert ids(recorded.last) == (TRACE, SPAN)
        assert linked(recorded.last) == [SPAN, outer]


def test_state_and_baggage_are_carried_on() -> None:
    recorded = Recorded()
    with recorded.tracing.processing(FROM_PUBLISHER):
        assert baggage.get_all() == {"team": "oms"}
        with recorded.tracing.publishing(TO) as headers:
            assert headers["tracestate"] == "v=1"
            assert headers["baggage"] == "team=oms"
            assert headers["traceparent"].split("-")[1] == TRACE
            assert tracing.extensions().keys() == {"traceparent", "tracestate"}
    assert baggage.get_all() == {}
    assert not trace.get_current_span().get_span_context().is_valid


def test_without_an_sdk_or_unsampled_the_context_goes_on() -> None:
    with tracing.processing(FROM_PUBLISHER), tracing.publishing(TO) as headers:
        assert headers == {"traceparent": PARENT, "tracestate": "v=1", "baggage": "team=oms"}
    unsampled = message({"traceparent": PARENT[:-1] + "0"})
    quiet = Tracing(TracerProvider(sampler=ParentBased(ALWAYS_OFF)))
    with quiet.processing(unsampled), quiet.publishing(TO) as headers:
        _, trace_id, _, flags = headers["traceparent"].split("-")
        assert (trace_id, int(flags, 16) & 1) == (TRACE, 0)
    with Tracing().publishing(TO, {"own": "1"}) as headers:
        assert headers == {"own": "1"}


def test_a_message_created_earlier_keeps_its_context_and_is_linked() -> None:
    recorded = Recorded()
    with recorded.tracing.creating(TO) as created:
        pass
    with recorded.tracing.publishing(TO, created) as headers:
        assert headers == created
    create, send = recorded.spans
    assert (create.name, create.kind) == ("create oms.changed", SpanKind.PRODUCER)
    assert send.kind is SpanKind.CLIENT
    assert linked(send) == [f"{create.context.span_id:016x}"]
    assert ids(send)[0] == ids(create)[0]


def test_a_bare_trace_id_of_old_is_continued_and_completed() -> None:
    recorded = Recorded()
    with recorded.tracing.publishing(TO, {"ce_traceparent": TRACE, "ce_id": "c"}) as headers:
        assert headers["traceparent"].split("-")[1] == TRACE
        assert headers["ce_traceparent"] == TRACE
    assert recorded.last.kind is SpanKind.PRODUCER
    with recorded.tracing.processing(message({"ce_traceparent": TRACE})):
        pass
    assert ids(recorded.last) == (TRACE, TRACE[16:])
    assert recorded.last.attributes is not None
    assert recorded.last.attributes[names.BARE_TRACE_ID] is True


def test_a_batch_is_sent_with_a_create_span_each_and_a_link_to_each() -> None:
    recorded = Recorded()
    entries = [{"Detail": "{}"}, {"Detail": json.dumps({"traceparent": PARENT})}]
    with recorded.tracing.publishing_batch(EventBridge("oms-events"), entries) as traced:
        pass
    create, send = recorded.spans
    assert (create.name, create.kind) == ("create oms-events", SpanKind.PRODUCER)
    assert (send.name, send.kind) == ("put oms-events", SpanKind.CLIENT)
    assert linked(send) == [f"{create.context.span_id:016x}", SPAN]
    assert send.attributes is not None
    assert send.attributes["messaging.batch.message_count"] == 2
    assert traced[1] == entries[1]
    with recorded.tracing.publishing_batch(TO, [{}, {}], create=False) as traced_headers:
        pass
    assert recorded.last.kind is SpanKind.PRODUCER
    assert {one["traceparent"].split("-")[2] for one in traced_headers} == {
        f"{recorded.last.context.span_id:016x}"
    }


def test_a_batch_is_received_and_processed_with_links_that_say_what_differs() -> None:
    recorded = Recorded()
    batch = [
        message({"traceparent": PARENT, "Nats-Msg-Id": "1"}, "oms.changed", JETSTREAM),
        message({"traceparent": PARENT, "Nats-Msg-Id": "2"}, "oms.deleted", JETSTREAM),
        message({"traceparent": "no"}, "oms.deleted", JETSTREAM),
    ]
    source = Nats(stream="OMS_EVENTS", consumer="oms-processor")
    with recorded.tracing.receiving(source) as received:
        received.extend(batch)
    with recorded.tracing.processing_batch(batch):
        pass
    got, processed = recorded.spans
    assert (got.name, got.kind) == ("fetch OMS_EVENTS", SpanKind.CLIENT)
    assert (processed.name, processed.kind) == ("process", SpanKind.CONSUMER)
    for span in (got, processed):
        assert span.attributes is not None
        assert span.attributes["messaging.batch.message_count"] == 3
        assert span.attributes["messaging.destination.subscription.name"] == "oms-processor"
        assert [dict(link.attributes or {}) for link in span.links] == [
            {"messaging.destination.name": "oms.changed", "messaging.message.id": "1"},
            {"messaging.destination.name": "oms.deleted", "messaging.message.id": "2"},
        ]
    assert [event.name for event in processed.events] == ["obs.tracing.malformed_context"]


def test_a_pull_that_brings_nothing_makes_no_span_and_one_that_fails_does() -> None:
    recorded = Recorded()
    with recorded.tracing.receiving(TO):
        pass
    with pytest.raises(TimeoutError), recorded.tracing.receiving(TO):
        raise TimeoutError
    assert recorded.spans == []
    with pytest.raises(ConnectionError), recorded.tracing.receiving(TO):
        raise ConnectionError
    assert recorded.last.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("exceptions", [False, True])
def test_a_failure_is_told_by_its_type_and_its_text_only_if_asked_for(exceptions: bool) -> None:
    recorded = Recorded(exceptions=exceptions)
    with (
        pytest.raises(ValueError, match="ann@example"),
        recorded.tracing.processing(FROM_PUBLISHER),
    ):
        raise ValueError("ann@example.com")
    span = recorded.last
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ValueError"
    assert ("ann@example.com" in span.to_json()) is exceptions


def test_templates_name_spans_and_metrics_and_inboxes_neither() -> None:
    recorded = Recorded(metrics=True)
    template = Nats("orders.17.paid", template="orders.{number}.paid")
    with recorded.tracing.publishing(template):
        pass
    assert recorded.last.name == "publish orders.{number}.paid"
    with recorded.tracing.processing(message({}, "_INBOX.a.b")):
        pass
    assert recorded.last.name == "process"
    (sent,), (consumed,) = (
        recorded.points()[name]
        for name in ("messaging.client.sent.messages", "messaging.client.consumed.messages")
    )
    assert dict(sent.attributes) == {
        "messaging.system": "nats",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.template": "orders.{number}.paid",
    }
    assert "messaging.destination.name" not in consumed.attributes


def test_metrics_count_and_measure_every_message_as_its_span() -> None:
    recorded = Recorded(metrics=True)
    queue = Sqs("https://sqs/1/orders")
    with recorded.tracing.publishing_batch(queue, [{"MessageBody": "b"}] * 3):
        pass
    sent = recorded.last
    with recorded.tracing.processing(FROM_PUBLISHER):
        pass
    with pytest.raises(KeyError), recorded.tracing.processing(message({"traceparent": "no"})):
        raise KeyError
    points = recorded.points()
    (messages,) = points["messaging.client.sent.messages"]
    assert messages.value == 3
    (duration,) = points["messaging.client.operation.duration"]
    assert sent.end_time is not None
    assert sent.start_time is not None
    assert duration.sum == pytest.approx((sent.end_time - sent.start_time) / 1e9)
    assert list(duration.explicit_bounds[:2]) == [0.005, 0.01]
    by_error = {
        point.attributes.get("error.type"): point.value
        for point in points["messaging.client.consumed.messages"]
    }
    assert by_error == {None: 1, "KeyError": 1}
    assert sum(point.count for point in points["messaging.process.duration"]) == 2
    (malformed,) = points["obs.tracing.malformed.contexts"]
    assert dict(malformed.attributes) == {
        "messaging.system": "nats",
        "obs.tracing.field": "traceparent",
    }


def test_baggage_of_the_sender_is_sent() -> None:
    token = attach(baggage.set_baggage("team", "oms"))
    try:
        with Recorded().tracing.publishing(Sqs("q"), {"MessageBody": ""}) as sent:
            assert sent["MessageAttributes"]["baggage"]["StringValue"] == "team=oms"
    finally:
        detach(token)
