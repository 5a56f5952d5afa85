"""Where each kind of message carries its context, in both directions."""

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from obs.tracing import EventBridge, Nats, Sqs
from obs.tracing.context import read
from obs.tracing.described import known
from obs.tracing.json_text import with_members
from obs.tracing.message import Endpoint
from tests.unit.tracing.recorded import JETSTREAM, PARENT, SPAN, TRACE, Recorded, ids, message

TEXT = {"DataType": "String", "StringValue": PARENT}
XRAY = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};Sampled=1"
EVENT = {"detail-type": "changed", "id": "e", "source": "oms", "detail": {"traceparent": PARENT}}
CLOUDEVENT = {
    "specversion": "1.0",
    "id": "c",
    "source": "/oms",
    "type": "changed",
    "traceparent": PARENT,
}
SENT = {"MessageId": "m", "ReceiptHandle": "r"}
RECORD = {"messageId": "m", "receiptHandle": "r", "eventSourceARN": "arn:aws:sqs:r:1:orders"}
NOTICE = {
    "Type": "Notification",
    "MessageAttributes": {"traceparent": {"Type": "String", "Value": PARENT}},
}

CARRYING: dict[str, Any] = {
    "NATS": message({"traceparent": PARENT}),
    "NATS, headers of Go": message({"Traceparent": [PARENT]}),
    "NATS, CloudEvent": message({"ce-traceparent": PARENT, "ce-id": "c"}),
    "NATS, reference system": message({"ce_traceparent": PARENT}),
    "FastStream": SimpleNamespace(raw_message=message({"traceparent": PARENT}), headers={}),
    "EventBridge": EVENT,
    "EventBridge, CloudEvent": EVENT | {"detail": CLOUDEVENT},
    "EventBridge, reference system": EVENT | {"detail": {"ce_traceparent": PARENT}},
    "SQS": SENT | {"Body": "{", "MessageAttributes": {"traceparent": TEXT}},
    "SQS, X-Ray": SENT | {"Body": "", "Attributes": {"AWSTraceHeader": XRAY}},
    "SQS, event": SENT | {"Body": json.dumps(EVENT), "Attributes": {"AWSTraceHeader": "no"}},
    "SQS, CloudEvent": SENT | {"Body": json.dumps(CLOUDEVENT)},
    "SQS, notification": SENT | {"Body": json.dumps(NOTICE)},
    "SQS, event through SNS": SENT
    | {"Body": json.dumps({"Type": "Notification", "Message": json.dumps(CLOUDEVENT)})},
    "Lambda": RECORD | {"messageAttributes": {"traceparent": {"stringValue": PARENT}}},
    "Lambda, event": RECORD | {"body": json.dumps(EVENT)},
    "Lambda, X-Ray": RECORD | {"body": "", "attributes": {"AWSTraceHeader": XRAY}},
    "CloudEvent": CLOUDEVENT,
    "CloudEvents SDK": SimpleNamespace(get_attributes=lambda: CLOUDEVENT),
    "headers": {"traceparent": PARENT},
    "a message of another library": SimpleNamespace(headers={"traceparent": PARENT}),
}


@pytest.mark.parametrize("kind", CARRYING)
def test_the_trace_goes_on_from_every_kind_of_message(kind: str) -> None:
    recorded = Recorded()
    with recorded.tracing.processing(CARRYING[kind]):
        pass
    assert ids(recorded.last) == (TRACE, SPAN)
    assert recorded.last.events == ()


def test_a_message_of_jetstream_tells_where_it_comes_from() -> None:
    headers = {"Nats-Msg-Id": "n", "ce_id": "c", "ce_source": "/oms", "ce_type": "changed"}
    found = known(message(headers, "oms.changed", JETSTREAM))
    assert (found.system, found.target, found.message_id) == ("nats", "oms.changed", "n")
    assert found.attributes == {
        "cloudevents.event_id": "c",
        "cloudevents.event_source": "/oms",
        "cloudevents.event_type": "changed",
        "messaging.nats.stream": "OMS_EVENTS",
        "messaging.destination.subscription.name": "oms-processor",
        "messaging.nats.message.delivery_attempt": 2,
    }
    leaf = "$JS.ACK.hub.ACCOUNT.ORDERS.worker.1.1.1.1700000000000000000.0.random"
    assert known(message(None, "o", leaf)).attributes["messaging.nats.stream"] == "ORDERS"
    assert known(message({}, "_INBOX.x", "")).attributes == {
        "messaging.destination.temporary": True
    }


def test_what_a_sender_writes_never_keeps_spans_from_being_exported() -> None:
    recorded = Recorded()
    ill = "\ud800" + "x" * 1000
    event = json.loads(json.dumps({"specversion": "1.0", "id": ill, "type": ill, "source": "é"}))
    with recorded.tracing.processing(event) as span:
        assert not [1 for value in span.attributes.values() if len(value) > 256]  # type: ignore[attr-defined]
    (resource,) = encode_spans(recorded.spans).resource_spans
    assert "é" in str(
        [one.value.string_value for one in resource.scope_spans[0].spans[0].attributes]
    )
    token = attach(baggage.set_baggage("team", ill))
    try:
        with recorded.tracing.publishing(Nats("s")) as headers:
            assert headers["baggage"].startswith("team=%3F")
    finally:
        detach(token)


class Broken:
    """A message whose properties raise."""

    @property
    def subject(self) -> str:
        raise RuntimeError("no")


ANYTHING = st.recursive(
    st.one_of(st.none(), st.text(), st.binary(), st.integers(), st.just(PARENT)),
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(
            st.sampled_from(
                [
                    *("MessageId", "ReceiptHandle", "Body", "MessageAttributes", "Attributes"),
                    *("detail-type", "detail", "specversion", "traceparent", "StringValue"),
                ]
            ),
            inner,
        ),
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_is_processed_never_raises(anything: object) -> None:
    with Recorded().tracing.processing(anything):
        pass
    read(known(message(anything)).carried)


def test_a_message_that_cannot_be_read_is_told() -> None:
    recorded = Recorded()
    with recorded.tracing.processing(Broken()):
        pass
    (event,) = recorded.last.events
    assert event.attributes == {
        "obs.tracing.field": "message",
        "obs.tracing.reason": "not readable",
    }


DEEP = '{"traceparent":' + "[" * 100_000


@pytest.mark.parametrize("body", ["{traceparent", DEEP, '"traceparent"', b"traceparent\xff", 7])
def test_a_body_that_is_not_json_has_no_context(body: object) -> None:
    assert known(SENT | {"Body": body}).carried.parents == ()


SENDING: list[tuple[Endpoint[Any], Any]] = [
    (Nats("oms.changed"), {"ce_id": "c"}),
    (Nats("oms.changed"), None),
    (EventBridge("oms-events"), {"Detail": '{"a":1}'}),
    (Sqs("https://sqs/1/orders"), {"MessageBody": "b"}),
]


@pytest.mark.parametrize(("to", "given"), SENDING)
def test_what_is_sent_carries_the_span_and_the_caller_s_message_is_left_alone(
    to: Endpoint[Any], given: Any
) -> None:
    recorded, before = Recorded(), copy.deepcopy(given)
    with recorded.tracing.publishing(to, given) as sent:
        carried = read(to.carried(sent))
    assert given == before
    assert carried.span is not None
    assert carried.span.span_id == recorded.last.context.span_id


def test_headers_of_a_cloudevent_get_its_extension_too_and_stale_ones_go() -> None:
    stale = {"ce_id": "c", "Traceparent": "no", "ce_traceparent": "neither"}
    with Recorded().tracing.publishing(Nats("s"), stale) as headers:
        assert headers.keys() == {"ce_id", "traceparent", "ce_traceparent"}
        assert headers["traceparent"] == headers["ce_traceparent"]


@pytest.mark.parametrize(
    "given", [{"Detail": "["}, {"Detail": 1}, {"Detail": "[]"}, {"Detail": None}]
)
def test_a_detail_that_is_no_object_is_left_to_aws_to_refuse(given: dict[str, Any]) -> None:
    with Recorded().tracing.publishing(EventBridge("b"), given) as entry:
        assert entry == given


def test_x_ray_s_headers_are_written_where_they_are_asked_for() -> None:
    recorded = Recorded()
    with recorded.tracing.publishing(EventBridge("b", xray=True), {"Detail": "{}"}) as entry:
        assert entry["TraceHeader"].startswith("Root=1-")
    with recorded.tracing.publishing(Sqs("q", xray=True), {"MessageBody": ""}) as sent:
        system = sent["MessageSystemAttributes"]["AWSTraceHeader"]
    assert recorded.last.context is not None
    assert f"Parent={recorded.last.context.span_id:016x};Sampled=1" in system["StringValue"]


@pytest.mark.parametrize(("own", "context"), [(8, 2), (9, 1), (10, 0)])
def test_sqs_gets_no_more_than_ten_attributes(own: int, context: int) -> None:
    attributes = {f"a{n}": TEXT for n in range(own)}
    message = {"MessageAttributes": attributes | {}}
    Sqs("q").insert(message, {"baggage": "a=1", "traceparent": PARENT})
    assert len(message["MessageAttributes"]) == own + context
    assert ("traceparent" in message["MessageAttributes"]) == (context > 0)
    assert ("baggage" in message["MessageAttributes"]) == (context > 1)


JSON = st.dictionaries(
    st.one_of(st.text(max_size=4), st.just("traceparent")),
    st.one_of(st.integers(), st.text()),
    max_size=4,
)


@given(JSON, st.sampled_from(["", " ", "\n\t"]))
def test_members_are_added_to_an_object_s_text(members: dict[str, Any], space: str) -> None:
    text = space + json.dumps(members) + space
    added = with_members(text, {"traceparent": PARENT})
    assert json.loads(added) == members | {"traceparent": PARENT}
    assert with_members(text, {}) == text


def test_the_rest_of_a_detail_stays_as_it_is_written() -> None:
    written = '{ "price": 1.50, "at": 1e3, "n": 12345678901234567890123 }'
    assert with_members(written, {"traceparent": "p"}) == '{"traceparent": "p", ' + written[2:]
