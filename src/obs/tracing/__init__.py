"""Trace context through NATS, EventBridge, SQS and CloudEvents, for the applications obs watches.

Needs `opentelemetry-api` only, and loads nothing else. docs/tracing.md shows its use:

    with tracing.publishing(tracing.Nats("orders.created"), headers) as headers:
        await jetstream.publish("orders.created", body, headers=headers)

    with tracing.processing(message):
        handle(message)

The functions use OpenTelemetry's global providers. An instance of Tracing has the same methods, its
own providers, and metrics.
"""

from typing import Final

from obs.tracing import names
from obs.tracing.eventbridge import EventBridge
from obs.tracing.message import Endpoint
from obs.tracing.nats import Nats
from obs.tracing.sqs import Sqs
from obs.tracing.tracer import Tracing, extensions

_GLOBAL: Final = Tracing()

publishing = _GLOBAL.publishing
creating = _GLOBAL.creating
publishing_batch = _GLOBAL.publishing_batch
receiving = _GLOBAL.receiving
processing = _GLOBAL.processing
processing_batch = _GLOBAL.processing_batch

__all__ = [
    "Endpoint",
    "EventBridge",
    "Nats",
    "Sqs",
    "Tracing",
    "creating",
    "extensions",
    "names",
    "processing",
    "processing_batch",
    "publishing",
    "publishing_batch",
    "receiving",
]
