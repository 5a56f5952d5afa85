"""Traces of obs' own work, recorded and batched by OpenTelemetry's SDK and sent by our own client.

Import this module only where the spec has `outputs.otlp.traces`. Nothing of it reads OTEL_*
variables but the SDK's own switch, OTEL_SDK_DISABLED.
"""

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from google.protobuf.message import Message
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import (
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    format_trace_id,
    set_span_in_context,
)

from obs import __version__
from obs.clients.failures import as_source_error
from obs.clients.otlp import connect
from obs.clients.otlp_answer import Sender, Signal
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.sinks.otlp import identity_of, resource
from obs.spans import Attribute, Attributes, Kind, Opened, SpanCounts
from obs.spec.system import System

log = logging.getLogger(__name__)

QUEUE: Final = 2048
"""Spans that wait to be sent, at most."""
MOST_OF_TRACE: Final = 500
"""Spans of one trace, at most: a poll that sends thousands of requests does not fill the queue."""
_BATCH: Final = 512  # spans of a request, some 250 kB
_EVERY: Final = 2.0  # seconds between two requests
_PAUSES: Final = (1.0, 5.0)  # seconds before a batch is sent again
_LONGEST_PAUSE: Final = 30.0
_LAST_WORDS: Final = 512  # characters of an attribute
_FINAL: Final = ("auth", "decode", "internal", "too_large")
"""Reasons that the next attempt would meet as well."""
_SIGNAL: Final = Signal(
    "/v1/traces",
    "opentelemetry.proto.collector.trace.v1.TraceService",
    ExportTraceServiceResponse,
    "rejected_spans",
)
LIMITS: Final = SpanLimits(
    max_attributes=32,
    max_events=0,
    max_links=0,
    max_span_attributes=32,
    max_event_attributes=0,
    max_link_attributes=0,
    max_attribute_length=_LAST_WORDS,
    max_span_attribute_length=_LAST_WORDS,
)


def open_tracer(system: System, counts: SpanCounts) -> "OtlpTracer":
    """The tracer of the spec; connects when the first spans are sent."""
    otlp, receiver = system.outputs.otlp, system.outputs.traces
    assert otlp is not None
    assert receiver is not None
    sender = connect(receiver, _SIGNAL)
    exporter = SpanSender(sender, counts, timeout=receiver.timeout)
    provider = TracerProvider(
        sampler=ALWAYS_ON,
        resource=resource(identity_of(system), otlp.resource),
        shutdown_on_exit=False,
        span_limits=LIMITS,
    )
    provider.add_span_processor(Bounded(exporter, counts))
    return OtlpTracer(provider, exporter, counts)


class OtlpTracer:
    """A Tracer (obs.spans) whose spans are sent to an OTLP receiver."""

    def __init__(
        self, provider: TracerProvider, exporter: "SpanSender", counts: SpanCounts
    ) -> None:
        self._provider = provider
        self._exporter = exporter
        self._counts = counts
        self._tracer = provider.get_tracer("obs", __version__)

    @property
    def failure(self) -> SourceError | None:
        """Why the latest spans could not be sent; None where they could."""
        return self._exporter.failure

    def trace(self, name: str, attributes: Attributes) -> Opened:
        """See obs.spans.Tracer."""
        return Opened(_Trace(self._tracer, self._counts).root(name, attributes))

    def close(self) -> None:
        """See obs.spans.Tracer. A batch that fails now is not sent again."""
        self._exporter.hurry()
        self._provider.shutdown()


class _Trace:
    """What the spans of one trace share."""

    def __init__(self, tracer: Tracer, counts: SpanCounts) -> None:
        self._tracer = tracer
        self._counts = counts
        self._numbers = itertools.count()  # next() is safe for several threads
        self._left_out = 0

    def root(self, name: str, attributes: Attributes) -> "_Span":
        return self._begun(name, Context(), "internal", attributes)

    def child(
        self, parent: OtelSpan, name: str, kind: Kind, attributes: Attributes
    ) -> "_Span | None":
        if next(self._numbers) >= MOST_OF_TRACE - 1:
            self._counts.lost("trace_full")
            return None
        return self._begun(name, set_span_in_context(parent, Context()), kind, attributes)

    def _begun(self, name: str, within: Context, kind: Kind, attributes: Attributes) -> "_Span":
        span = self._tracer.start_span(
            one_line(name, _LAST_WORDS),
            within,
            SpanKind.CLIENT if kind == "client" else SpanKind.INTERNAL,
            {key: _shown(value) for key, value in attributes.items()},
        )
        return _Span(self, span)


class _Span:
    """A span of the SDK as obs.spans.Span."""

    __slots__ = ("_of", "_span")

    def __init__(self, of: _Trace, span: OtelSpan) -> None:
        self._of = of
        self._span = span

    @property
    def trace_id(self) -> str:
        context = self._span.get_span_context()
        return format_trace_id(context.trace_id) if context.is_valid else ""

    def child(self, name: str, kind: Kind, attributes: Attributes) -> "_Span | None":
        return self._of.child(self._span, name, kind, attributes)

    def note(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, _shown(value))

    def failed(self, why: str) -> None:
        self._span.set_attribute("error.type", why)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        self._span.end()


def _shown(value: Attribute) -> Attribute:
    """An attribute without secrets, wherever it comes from."""
    return one_line(value, _LAST_WORDS) if isinstance(value, str) else value


class Bounded(SpanProcessor):
    """A batch processor in front of which spans are counted: the SDK's own drops silently."""

    def __init__(self, exporter: "SpanSender", counts: SpanCounts, queue: int = QUEUE) -> None:
        self._exporter = exporter
        self._counts = counts
        self._queue = queue
        self._batches = BatchSpanProcessor(
            exporter,
            max_queue_size=queue,
            schedule_delay_millis=_EVERY * 1000,
            max_export_batch_size=min(_BATCH, queue),
            export_timeout_millis=_LONGEST_PAUSE * 1000,  # not used by the SDK
        )

    def on_start(self, span: Any, parent_context: Context | None = None) -> None:
        """Nothing is done."""

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that has ended, unless too many wait."""
        if self._exporter.waits(self._queue):
            self._batches.on_end(span)
        else:
            self._counts.lost("queue_full")

    def shutdown(self) -> None:
        """Send what waits; blocks."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits; blocks."""
        return self._batches.force_flush(timeout_millis)


class SpanSender(SpanExporter):
    """Sends batches of spans, each up to three times, and counts what becomes of them."""

    def __init__(
        self,
        sender: Sender,
        counts: SpanCounts,
        *,
        timeout: float,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        """`timeout` is that of a request. `sleep` waits for some seconds, for the next attempt."""
        self._sender = sender
        self._counts = counts
        self._timeout = timeout
        self._hurry = threading.Event()
        self._sleep = sleep or self._hurry.wait
        self._lock = threading.Lock()
        self._waiting = 0
        self.failure: SourceError | None = None
        """Why the latest batch could not be sent; None where it could."""

    def waits(self, most: int) -> bool:
        """Count one more span that waits to be sent; False where so many do already."""
        with self._lock:
            if self._waiting >= most:
                return False
            self._waiting += 1
            return True

    def hurry(self) -> None:
        """From now on nothing is sent a second time."""
        self._hurry.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch. Blocks; raises nothing."""
        with self._lock:
            self._waiting -= len(spans)
        before, self.failure = self.failure, self._failure(spans)
        if self.failure is None:
            if before is not None:
                log.info("traces are sent again")
            return SpanExportResult.SUCCESS
        self._counts.lost("not_sent", len(spans))
        if before is None:
            log.warning("traces cannot be sent: %s: %s", self.failure.reason, self.failure)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Close the connection."""
        self._sender.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return True

    def _failure(self, spans: Sequence[ReadableSpan]) -> SourceError | None:
        """Why a batch could not be sent, after all attempts; None where it could."""
        request = encode_spans(spans)
        for pause in (*_PAUSES, None):
            failure = self._sent(request, len(spans))
            if failure is None or pause is None or failure.reason in _FINAL:
                return failure
            if self._hurry.is_set():
                return failure
            self._sleep(min(max(failure.pause or 0.0, pause), _LONGEST_PAUSE))
        raise AssertionError("unreachable")

    def _sent(self, request: Message, number: int) -> SourceError | None:
        try:
            answer = self._sender.send(request, self._timeout)
        except Exception as error:  # noqa: BLE001  the SDK would log it with its traceback
            return as_source_error(error)
        rejected = min(max(answer.rejected, 0), number)
        self._counts.sent(number - rejected)
        if rejected:
            self._counts.lost("rejected", rejected)
        return None
