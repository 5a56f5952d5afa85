"""Tracing whose spans and metrics are kept."""

from typing import Any

from nats.aio.msg import Msg
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from obs.tracing import Tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
JETSTREAM = "$JS.ACK.OMS_EVENTS.oms-processor.2.17.17.1700000000000000000.0"


def message(headers: Any, subject: str = "oms.changed", reply: str = "") -> Msg:
    return Msg(None, subject, reply, b"{}", headers)  # type: ignore[arg-type]


class Recorded:
    """Spans in the order in which they ended, and metrics."""

    def __init__(self, *, metrics: bool = False, exceptions: bool = False) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.tracing = Tracing(
            self.provider,
            metrics=metrics,
            meter_provider=MeterProvider([self._reader]),
            exceptions=exceptions,
        )
        self.tracer = self.provider.get_tracer("application")

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    @property
    def last(self) -> ReadableSpan:
        return self.spans[-1]

    def points(self) -> dict[str, list[Any]]:
        """The data points of each metric."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def ids(span: ReadableSpan) -> tuple[str, str | None]:
    """Trace and parent, in hexadecimal digits."""
    parent = None if span.parent is None else f"{span.parent.span_id:016x}"
    return f"{span.context.trace_id:032x}", parent


def linked(span: ReadableSpan) -> list[str]:
    return [f"{link.context.span_id:016x}" for link in span.links]
