"""The spans of messages that are created, sent, received and processed, a context manager each.

They follow OpenTelemetry's semantic conventions for messaging: a message carries the context of
the span that created it; whoever receives it links to that context, and continues its trace unless
another span is active.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from opentelemetry import baggage, trace
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    set_span_in_context,
)

from obs import __version__
from obs.tracing.context import Carried, Origin, Problem, fields_of, read
from obs.tracing.described import (
    facts_of,
    identity,
    known,
    of_all,
    put,
    receiving,
    sending,
    span_name,
    type_of,
)
from obs.tracing.message import Attributes, Endpoint, Message
from obs.tracing.metrics import Metrics
from obs.tracing.names import (
    BARE_TRACE_ID,
    ERROR_TYPE,
    MALFORMED_EVENT,
    MALFORMED_FIELD,
    MALFORMED_REASON,
    MESSAGE_COUNT,
    MESSAGE_ID,
    SYSTEM,
    TYPE_CREATE,
    TYPE_PROCESS,
    TYPE_RECEIVE,
    TYPE_SEND,
)

T = TypeVar("T")

_CREATE: Final = "create"
_NANOSECONDS: Final = 1e9
_UNUSABLE: Final = (AttributeError, LookupError, TypeError, ValueError)
"""Errors of messages that are not what their endpoint expects: left to the library that sends."""


class Tracing:
    """Spans of messages, by the providers given or OpenTelemetry's global ones.

    `metrics` also measures what OpenTelemetry's messaging conventions name. A span of what failed
    has the error's type; `exceptions` adds message and stack trace, which may quote payloads.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        *,
        metrics: bool = False,
        meter_provider: MeterProvider | None = None,
        exceptions: bool = False,
    ) -> None:
        self._tracer = trace.get_tracer("obs.tracing", __version__, tracer_provider)
        self._metrics = Metrics(meter_provider, __version__) if metrics else None
        self._exceptions = exceptions

    @contextmanager
    def publishing(self, to: Endpoint[T], message: T | None = None) -> Iterator[T]:
        """A "send" span around the sending of one message; yields the message with its context.

        The message given is not changed. If it has a context already (`creating` wrote one), that
        is kept, and the span links to it.
        """
        copied, origin = _copied(to, message)
        kind = SpanKind.CLIENT if origin.complete else SpanKind.PRODUCER
        sent = self._start_sending(to, copied, to.sending, origin, kind)
        if not origin.complete:
            sent.insert(to, copied)
        with self._running(sent):
            yield copied

    @contextmanager
    def creating(self, to: Endpoint[T], message: T | None = None) -> Iterator[T]:
        """A "create" span for a message that is sent later; yields it with its context."""
        copied, origin = _copied(to, message)
        with self._running(self._start_creating(to, copied, origin)):
            yield copied

    @contextmanager
    def publishing_batch(
        self, to: Endpoint[T], messages: Sequence[T], *, create: bool = True
    ) -> Iterator[list[T]]:
        """A "send" span around the sending of many; yields the messages with their contexts.

        Each without a context gets a "create" span, to which the span links; with `create` false it
        gets the context of the "send" span itself.
        """
        links: list[Link] = []
        without: list[T] = []
        copies: list[T] = []
        for message in messages:
            copied, origin = _copied(to, message)
            copies.append(copied)
            if origin.span is not None and origin.complete:
                links.append(Link(origin.span, _id_of(to, copied)))
            elif create:
                created = self._start_creating(to, copied, origin)
                created.span.end()
                links.append(Link(created.span.get_span_context(), _id_of(to, copied)))
            else:
                without.append(copied)
        attributes = sending(to, to.sending, TYPE_SEND)
        attributes[MESSAGE_COUNT] = len(copies)
        kind = SpanKind.PRODUCER if without else SpanKind.CLIENT
        sent = self._start(attributes, kind, get_current(), links, messages=len(copies))
        for copied in without:
            sent.insert(to, copied)
        with self._running(sent):
            yield copies

    @contextmanager
    def receiving(self, source: Endpoint[Any]) -> Iterator[list[Any]]:
        """A "receive" span around a pull; add the messages that came to the list it yields.

        The span links to each message. No span is made where nothing came: the list is empty, or
        the pull ran into its timeout. It is not active within.
        """
        started = time.time_ns()
        received: list[Any] = []
        error: BaseException | None = None
        try:
            yield received
        except Exception as raised:
            error = None if isinstance(raised, TimeoutError) else raised
            raise
        finally:
            if received or error is not None:
                self._received(source, received, started, error)

    @contextmanager
    def processing(
        self, message: object, source: Endpoint[Any] | None = None, *, child: bool = False
    ) -> Iterator[Span]:
        """A "process" span around the handling of one message; yields the span.

        It is a child of the message's context, or of the active span where there is one (unless
        `child`), and links to the message's context. The message's baggage is the current one.
        `source` says what the message cannot: the queue's URL, a subject's template.
        """
        one = known(message)
        origin = read(one.carried)
        attributes = receiving(one, source, "process", TYPE_PROCESS)
        put(attributes, MESSAGE_ID, one.message_id)
        process = self._start_after(origin, attributes, SpanKind.CONSUMER, child=child)
        with self._running(process):
            yield process.span

    @contextmanager
    def processing_batch(
        self, messages: Sequence[object], source: Endpoint[Any] | None = None
    ) -> Iterator[Span]:
        """A "process" span around the handling of many messages at once, with a link to each."""
        every = [known(message) for message in messages]
        attributes = of_all(every, source, "process", TYPE_PROCESS)
        links, problems = _links(every, attributes)
        process = self._start(
            attributes, SpanKind.CONSUMER, get_current(), links, messages=len(every)
        )
        self._tell(process, problems)
        with self._running(process):
            yield process.span

    def _start_sending(
        self, to: Endpoint[T], message: T, operation: str, origin: Origin, kind: SpanKind
    ) -> "_Operation":
        of_type = TYPE_CREATE if operation == _CREATE else TYPE_SEND
        attributes = sending(to, operation, of_type) | _id_of(to, message)
        return self._start_after(origin, attributes, kind)

    def _start_creating(self, to: Endpoint[T], message: T, origin: Origin) -> "_Operation":
        """A started "create" span, its context in the message."""
        created = self._start_sending(to, message, _CREATE, origin, SpanKind.PRODUCER)
        created.insert(to, message)
        return created

    def _start_after(
        self, origin: Origin, attributes: Attributes, kind: SpanKind, *, child: bool = False
    ) -> "_Operation":
        """A started span for one message of this origin."""
        context = get_current()
        active = trace.get_current_span(context).get_span_context()
        links = []
        if origin.span is not None:
            links.append(Link(origin.span))
            if child and active.is_valid:
                links.append(Link(active))
            if child or not active.is_valid:
                context = set_span_in_context(NonRecordingSpan(origin.span), context)
        for name, value in (origin.baggage or {}).items():
            context = baggage.set_baggage(name, value, context)
        if origin.bare:
            attributes[BARE_TRACE_ID] = True
        started = self._start(attributes, kind, context, links)
        self._tell(started, origin.problems)
        return started

    def _start(
        self,
        attributes: Attributes,
        kind: SpanKind,
        context: Context,
        links: Sequence[Link],
        *,
        messages: int = 1,
        began: int | None = None,
    ) -> "_Operation":
        started = time.time_ns() if began is None else began
        span = self._tracer.start_span(
            span_name(attributes), context, kind, attributes, links, started
        )
        return _Operation(span, context, attributes, messages, started)

    @contextmanager
    def _running(self, operation: "_Operation") -> Iterator[None]:
        """Makes the span current, ends it, and measures it."""
        token = attach(set_span_in_context(operation.span, operation.context))
        error: BaseException | None = None
        try:
            yield
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._end(operation, error)
            detach(token)

    def _end(self, operation: "_Operation", error: BaseException | None) -> None:
        span, attributes = operation.span, operation.attributes
        if error is not None:
            attributes[ERROR_TYPE] = kind = type_of(error)
            span.set_attribute(ERROR_TYPE, kind)
            span.set_status(StatusCode.ERROR)
            if self._exceptions:
                span.record_exception(error)
        ended = time.time_ns()
        if self._metrics is not None:
            seconds = max(0, ended - operation.started) / _NANOSECONDS
            context = set_span_in_context(span)
            self._metrics.ended(attributes, operation.messages, seconds, context)
        span.end(ended)

    def _received(
        self,
        source: Endpoint[Any],
        messages: Sequence[object],
        began: int,
        error: BaseException | None,
    ) -> None:
        every = [known(message) for message in messages]
        attributes = of_all(every, source, source.receiving, TYPE_RECEIVE)
        links, _ = _links(every, attributes)  # problems are told where messages are processed
        got = self._start(
            attributes, SpanKind.CLIENT, get_current(), links, messages=len(every), began=began
        )
        self._end(got, error)

    def _tell(self, operation: "_Operation", problems: Sequence[Problem]) -> None:
        for problem in problems:
            facts = {
                MALFORMED_FIELD: problem.field,
                MALFORMED_REASON: problem.reason,
            }
            operation.span.add_event(MALFORMED_EVENT, facts)
            if self._metrics is not None:
                self._metrics.malformed(str(operation.attributes[SYSTEM]), problem.field)


@dataclass(frozen=True, slots=True)
class _Operation:
    """A started span, the context around it, what describes it, and its start in nanoseconds."""

    span: Span
    context: Context
    attributes: Attributes
    messages: int
    started: int

    def insert(self, to: Endpoint[T], message: T) -> None:
        """Write the span's context, and the baggage, into a message."""
        fields = fields_of(self.span.get_span_context(), baggage.get_all(self.context))
        if fields:
            with contextlib.suppress(*_UNUSABLE):
                to.insert(message, fields)


def _copied(to: Endpoint[T], message: T | None) -> tuple[T, Origin]:
    """A copy of a message, and its origin."""
    copied = to.copy(message)
    try:
        return copied, read(to.carried(copied))
    except _UNUSABLE:
        return copied, read(Carried(readable=False))


def _id_of(to: Endpoint[T], message: T) -> Attributes:
    try:
        return identity(to.message_id(message))
    except _UNUSABLE:
        return {}


def _links(messages: Sequence[Message], said: Attributes) -> tuple[list[Link], list[Problem]]:
    """A link to each message with what the span does not say; and what was malformed."""
    links: list[Link] = []
    problems: list[Problem] = []
    for message in messages:
        origin = read(message.carried)
        problems += origin.problems
        if origin.span is not None:
            own = facts_of(message) | identity(message.message_id)
            each = {name: value for name, value in own.items() if said.get(name) != value}
            links.append(Link(origin.span, each))
    return links, problems


def extensions() -> dict[str, str]:
    """The current span as attributes of a CloudEvent: `traceparent`, and `tracestate` if any."""
    return fields_of(trace.get_current_span().get_span_context(), {})
