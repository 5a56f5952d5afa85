"""What tracing costs a message: `python -m tests.bench.tracing`.

Microseconds of CPU for each message, the best of five runs: without an SDK, with one whose sampler
takes nothing, and with one that records every span (and drops it at its end, as exporting is the
SDK's).
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from nats.aio.msg import Msg
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import NoOpTracerProvider

from obs.tracing import EventBridge, Nats, Sqs, Tracing

_ROUNDS: Final = 5
_MESSAGES: Final = 2000
_BATCH: Final = 10
_PARENT: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_EVENT: Final = {
    "ce_specversion": "1.0",
    "ce_id": "a89b61a2",
    "ce_source": "oms",
    "ce_type": "oms.object.changed",
    "ce_subject": "objects/orders",
    "Content-Type": "application/json",
}
_DETAIL: Final = json.dumps({"table": "orders", "columns": ["x" * 20] * 40})
_NATS: Final = Nats("oms.events.object.changed")
_BUS: Final = EventBridge("oms-events")
_QUEUE: Final = Sqs("https://sqs.us-east-1.amazonaws.com/123456789012/oms")


class _Nowhere(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        del spans
        return SpanExportResult.SUCCESS


def recording() -> TracerProvider:
    """Records every span."""
    provider = TracerProvider(sampler=ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(_Nowhere()))
    return provider


def _message(headers: dict[str, str]) -> Msg:
    reply = "$JS.ACK.OMS_EVENTS.oms-processor.1.17.17.1700000000000000000.0"
    return Msg(None, "oms.events.object.changed", reply, b"{}", headers)  # type: ignore[arg-type]


_MESSAGE: Final = _message(_EVENT | {"traceparent": _PARENT})
_BATCH_OF: Final = [_MESSAGE] * _BATCH
_BODY: Final = {
    "MessageId": "m",
    "ReceiptHandle": "r",
    "Body": json.dumps(
        {"detail-type": "changed", "detail": {"traceparent": _PARENT} | json.loads(_DETAIL)}
    ),
}


def _publish(tracing: Tracing) -> None:
    with tracing.publishing(_NATS, _EVENT):
        pass


def _process(tracing: Tracing) -> None:
    with tracing.processing(_MESSAGE):
        pass


def _put(tracing: Tracing) -> None:
    with tracing.publishing(_BUS, {"Source": "oms", "Detail": _DETAIL}):
        pass


def _receive(tracing: Tracing) -> None:
    with tracing.processing(_BODY, _QUEUE):
        pass


def _process_batch(tracing: Tracing) -> None:
    with tracing.processing_batch(_BATCH_OF):
        pass


_WORK: Final[dict[str, tuple[Callable[[Tracing], None], int]]] = {
    "NATS, publish": (_publish, 1),
    "NATS, process": (_process, 1),
    f"NATS, process {_BATCH} at once": (_process_batch, _BATCH),
    "EventBridge, put": (_put, 1),
    "SQS, process an event of EventBridge": (_receive, 1),
}
_WAYS: Final[dict[str, Callable[[], Tracing]]] = {
    "no SDK": lambda: Tracing(NoOpTracerProvider()),
    "not sampled": lambda: Tracing(TracerProvider(sampler=ALWAYS_OFF)),
    "sampled": lambda: Tracing(recording()),
}


def measure(work: Callable[[Tracing], None], tracing: Tracing, messages: int) -> float:
    """Microseconds of CPU for each message."""
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.process_time()
        for _ in range(_MESSAGES):
            work(tracing)
        best = min(best, time.process_time() - start)
    return best / _MESSAGES / messages * 1e6


def main() -> None:
    print(f"{'µs for each message':<40}" + "".join(f"{way:>14}" for way in _WAYS))
    for name, (work, messages) in _WORK.items():
        figures = [measure(work, make(), messages) for make in _WAYS.values()]
        print(f"{name:<40}" + "".join(f"{figure:14.1f}" for figure in figures))


if __name__ == "__main__":
    main()
