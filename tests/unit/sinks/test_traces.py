"""Spans are batched within bounds, sent again while that may help, and counted where lost."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from obs import spans
from obs.clients.otlp_answer import Answer
from obs.errors import SourceError
from obs.redaction.known import KNOWN
from obs.sinks.traces import LIMITS, MOST_OF_TRACE, Bounded, OtlpTracer, SpanSender


@dataclass
class Receiver:
    """Takes requests, after it has refused some."""

    refusals: list[Exception] = field(default_factory=list)
    rejects: int = 0
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    attempts: int = 0
    closed: bool = False

    def send(self, request: Message, timeout: float) -> Answer:
        assert isinstance(request, ExportTraceServiceRequest)
        self.attempts += 1
        if self.refusals:
            raise self.refusals.pop(0)
        self.requests.append(request)
        return Answer(self.rejects, "too old")

    def close(self) -> None:
        self.closed = True

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for origin in request.resource_spans
            for scope in origin.scope_spans
            for span in scope.spans
        ]


@dataclass
class Traced:
    """A tracer, what it sends to, and the pauses that it made."""

    receiver: Receiver = field(default_factory=Receiver)
    counts: spans.SpanCounts = field(default_factory=spans.SpanCounts)
    pauses: list[float] = field(default_factory=list)
    queue: int = 2048

    def __post_init__(self) -> None:
        sender = SpanSender(self.receiver, self.counts, timeout=1, sleep=self.pauses.append)
        self.sender = sender
        provider = TracerProvider(
            ALWAYS_ON, Resource({}), shutdown_on_exit=False, span_limits=LIMITS
        )
        self.bounded = Bounded(sender, self.counts, self.queue)
        provider.add_span_processor(self.bounded)
        self.tracer = OtlpTracer(provider, sender, self.counts)

    def record(self, number: int = 1) -> None:
        for _ in range(number):
            with self.tracer.trace("poll a", {"obs.source": "a"}):
                pass

    @property
    def lost(self) -> dict[str, int]:
        return {why: number for why, number in self.counts.all[1].items() if number}


@pytest.fixture
def traced() -> Iterator[Traced]:
    made = Traced()
    yield made
    made.tracer.close()


def test_a_trace_is_sent_with_its_requests(traced: Traced) -> None:
    with traced.tracer.trace("poll a", {"obs.source": "a"}):
        trace_id = spans.trace_id()
        with spans.client("GET", lambda: {"server.port": 80}) as span:
            span.failed("503")
    traced.tracer.close()
    get, poll = traced.receiver.spans
    assert (get.name, poll.name) == ("GET", "poll a")
    assert get.parent_span_id == poll.span_id
    assert {get.trace_id.hex(), poll.trace_id.hex()} == {trace_id}
    assert (get.kind, poll.kind) == (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_INTERNAL)
    assert get.status.code == get.status.STATUS_CODE_ERROR
    assert poll.status.code == poll.status.STATUS_CODE_UNSET
    assert traced.counts.all[0] == 2
    assert traced.receiver.closed


def test_a_secret_is_in_no_name_and_no_attribute(traced: Traced) -> None:
    KNOWN.add("hunter2hunter2hunter2")
    root = traced.tracer.trace("poll hunter2hunter2hunter2", {"a": "x hunter2hunter2hunter2"})
    url = {"url.full": "http://a/hunter2hunter2hunter2"}
    with root, spans.client("GET", lambda: url) as span:
        span.note("later", "hunter2hunter2hunter2")
    traced.tracer.close()
    assert len(traced.receiver.spans) == 2
    assert "hunter2" not in str(traced.receiver.requests)


def test_a_request_is_sent_again_after_a_pause_or_the_one_that_is_asked_for() -> None:
    refusals: list[Exception] = [
        SourceError("connection", "away"),
        SourceError("throttled", "slow down", pause=12.0),
    ]
    traced = Traced(Receiver(refusals))
    traced.record()
    traced.bounded.force_flush()
    assert (traced.pauses, traced.counts.all[0], traced.lost) == ([1.0, 12.0], 1, {})
    assert traced.tracer.failure is None
    traced.tracer.close()


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (SourceError("connection", "away"), 3),
        (SourceError("http_status", "HTTP status 503"), 3),
        (SourceError("auth", "HTTP status 401"), 1),
        (RuntimeError("a defect"), 1),
    ],
)
def test_what_cannot_be_sent_is_counted(
    error: Exception, attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    traced = Traced(Receiver([error] * 6))
    for _ in range(2):
        traced.record()
        traced.bounded.force_flush()
    assert (traced.receiver.attempts, traced.lost) == (2 * attempts, {"not_sent": 2})
    assert [each.message for each in caplog.records].count("traces are sent again") == 0
    said = [each for each in caplog.records if each.message.startswith("traces cannot be sent")]
    assert len(said) == 1
    traced.receiver.refusals.clear()
    traced.tracer.close()


def test_nothing_is_sent_again_once_the_process_ends() -> None:
    traced = Traced(Receiver([SourceError("connection", "away")] * 5))
    traced.record()
    traced.tracer.close()
    assert (traced.receiver.attempts, traced.lost) == (1, {"not_sent": 1})


def test_spans_that_the_receiver_rejects_are_counted(traced: Traced) -> None:
    traced.receiver.rejects = 2
    traced.record(5)
    traced.bounded.force_flush()
    assert (traced.counts.all[0], traced.lost) == (3, {"rejected": 2})


def test_more_than_may_wait_are_dropped_and_counted() -> None:
    held, begun = threading.Event(), threading.Event()

    class Slow(Receiver):
        def send(self, request: Message, timeout: float) -> Answer:
            begun.set()
            assert held.wait(40)
            return super().send(request, timeout)

    traced = Traced(Slow(), queue=10)
    traced.record(10)  # a batch of ten is sent at once
    assert begun.wait(40)
    traced.record(14)
    assert traced.lost == {"queue_full": 4}
    held.set()
    traced.tracer.close()
    assert (len(traced.receiver.spans), traced.counts.all[0]) == (20, 20)


def test_a_trace_has_so_many_spans_and_no_more(traced: Traced) -> None:
    with traced.tracer.trace("poll a", {}):
        for _ in range(MOST_OF_TRACE + 3):
            with spans.client("GET", dict) as span:
                span.note("a", 1)
    traced.tracer.close()
    assert len(traced.receiver.spans) == MOST_OF_TRACE
    assert traced.lost == {"trace_full": 4}
