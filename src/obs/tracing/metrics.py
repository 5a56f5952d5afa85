"""The metrics of OpenTelemetry's messaging conventions, measured where the spans are."""

from typing import Final

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, get_meter

from obs.tracing.message import Attributes
from obs.tracing.names import (
    CONSUMED_MESSAGES,
    CONSUMER_GROUP,
    DESTINATION,
    DESTINATION_TEMPLATE,
    DESTINATION_TEMPORARY,
    ERROR_TYPE,
    MALFORMED_CONTEXTS,
    MALFORMED_FIELD,
    OPERATION_DURATION,
    OPERATION_NAME,
    OPERATION_TYPE,
    PROCESS_DURATION,
    SENT_MESSAGES,
    SUBSCRIPTION,
    SYSTEM,
    TYPE_CREATE,
    TYPE_PROCESS,
    TYPE_SEND,
)

_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds; those that the conventions advise."""
_LABELS: Final = (
    SYSTEM,
    OPERATION_NAME,
    OPERATION_TYPE,
    DESTINATION_TEMPLATE,
    SUBSCRIPTION,
    CONSUMER_GROUP,
    ERROR_TYPE,
)


class Metrics:
    """Durations and numbers of messages by system, operation, destination and error."""

    def __init__(self, provider: MeterProvider | None, version: str) -> None:
        meter = get_meter("obs.tracing", version, provider)
        self._sent = meter.create_counter(
            SENT_MESSAGES, "{message}", "Messages that a producer tried to send."
        )
        self._consumed = meter.create_counter(
            CONSUMED_MESSAGES, "{message}", "Messages handed to the application."
        )
        self._malformed = meter.create_counter(
            MALFORMED_CONTEXTS, "{field}", "Fields of trace context that could not be read."
        )
        self._operation, self._process = (
            meter.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=_BOUNDS)
            for name, text in (
                (OPERATION_DURATION, "Duration of sending or receiving messages."),
                (PROCESS_DURATION, "Duration of processing messages."),
            )
        )

    def ended(
        self, attributes: Attributes, messages: int, seconds: float, context: Context | None
    ) -> None:
        """An operation on some messages ended; `context` holds its span, for exemplars."""
        labels = labels_of(attributes)
        kind = attributes.get(OPERATION_TYPE)
        if kind == TYPE_PROCESS:
            self._process.record(seconds, labels, context)
            self._consumed.add(messages, labels, context)
        elif kind != TYPE_CREATE:
            self._operation.record(seconds, labels, context)
            if kind == TYPE_SEND:
                self._sent.add(messages, labels, context)

    def malformed(self, system: str, field: str) -> None:
        """A field of a message's trace context could not be read."""
        self._malformed.add(1, {SYSTEM: system, MALFORMED_FIELD: field})


def labels_of(attributes: Attributes) -> Attributes:
    """Attributes of low cardinality. Where there is a template, the destination itself is not."""
    labels: Attributes = {name: attributes[name] for name in _LABELS if name in attributes}
    many = DESTINATION_TEMPLATE in labels or DESTINATION_TEMPORARY in attributes
    if DESTINATION in attributes and not many:
        labels[DESTINATION] = attributes[DESTINATION]
    return labels
