"""The metrics of OpenTelemetry's messaging conventions, measured where the spans are."""

from typing import Final

from opentelemetry.context import Context
from opentelemetry.metrics import MeterProvider, get_meter

from obs.tracing import names
from obs.tracing.message import Attributes

_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds; those that the conventions advise."""
_LABELS: Final = (
    names.SYSTEM,
    names.OPERATION_NAME,
    names.OPERATION_TYPE,
    names.DESTINATION_TEMPLATE,
    names.SUBSCRIPTION,
    names.CONSUMER_GROUP,
    names.ERROR_TYPE,
)


class Metrics:
    """Durations and numbers of messages by system, operation, destination and error."""

    def __init__(self, provider: MeterProvider | None, version: str) -> None:
        meter = get_meter("obs.tracing", version, provider)
        self._sent = meter.create_counter(
            names.SENT_MESSAGES, "{message}", "Messages that a producer tried to send."
        )
        self._consumed = meter.create_counter(
            names.CONSUMED_MESSAGES, "{message}", "Messages handed to the application."
        )
        self._malformed = meter.create_counter(
            names.MALFORMED_CONTEXTS, "{field}", "Fields of trace context that could not be read."
        )
        self._operation, self._process = (
            meter.create_histogram(name, "s", text, explicit_bucket_boundaries_advisory=_BOUNDS)
            for name, text in (
                (names.OPERATION_DURATION, "Duration of sending or receiving messages."),
                (names.PROCESS_DURATION, "Duration of processing messages."),
            )
        )

    def ended(
        self, attributes: Attributes, messages: int, seconds: float, context: Context | None
    ) -> None:
        """An operation on some messages ended; `context` holds its span, for exemplars."""
        labels = labels_of(attributes)
        kind = attributes.get(names.OPERATION_TYPE)
        if kind == names.TYPE_PROCESS:
            self._process.record(seconds, labels, context)
            self._consumed.add(messages, labels, context)
        elif kind != names.TYPE_CREATE:
            self._operation.record(seconds, labels, context)
            if kind == names.TYPE_SEND:
                self._sent.add(messages, labels, context)

    def malformed(self, system: str, field: str) -> None:
        """A field of a message's trace context could not be read."""
        self._malformed.add(1, {names.SYSTEM: system, names.MALFORMED_FIELD: field})


def labels_of(attributes: Attributes) -> Attributes:
    """Attributes of low cardinality. Where there is a template, the destination itself is not."""
    labels: Attributes = {name: attributes[name] for name in _LABELS if name in attributes}
    many = names.DESTINATION_TEMPLATE in labels or names.DESTINATION_TEMPORARY in attributes
    if names.DESTINATION in attributes and not many:
        labels[names.DESTINATION] = attributes[names.DESTINATION]
    return labels
