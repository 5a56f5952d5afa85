"""Spans of obs' own work: which poll, push, check or apply made which requests, and how long each
took. Nothing is recorded, and nothing of OpenTelemetry loaded, unless the spec asks for traces.

Whoever begins a trace has a Tracer (`Tracer.trace`). Whatever sends a request opens a client span
(`client`), which belongs to the span that is open around it, and is nothing where none is. The open
span is a context variable: a thread that works for a span needs a copy of the caller's context.

A span holds what was asked of whom and what came of it: never a header, a body, a query or the
message of an error.
"""

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from typing import Final, Literal, Protocol, Self

Attribute = str | int | float
Attributes = Mapping[str, Attribute]
Kind = Literal["internal", "client"]

Lost = Literal["not_sent", "queue_full", "rejected", "trace_full"]
LOST: Final[tuple[Lost, ...]] = ("not_sent", "queue_full", "rejected", "trace_full")
"""Why a span did not arrive: the receiver could not be reached, spans waited for it already, it
refused them, or the trace had too many."""


class Span(Protocol):
    """A span that is open."""

    @property
    def trace_id(self) -> str:
        """The trace's id in hexadecimal digits; empty where nothing is recorded."""

    def child(self, name: str, kind: Kind, attributes: Attributes) -> "Span | None":
        """Opens a span within this one; None where its trace has too many."""

    def note(self, name: str, value: Attribute) -> None:
        """Adds an attribute."""

    def failed(self, why: str) -> None:
        """Marks the span as failed. `why` is one of few words, such as a Reason."""

    def end(self) -> None:
        """Closes the span."""


class Opened:
    """A span as a context manager, within which it is the one that is open.

    An exception that leaves it marks the span as failed, by its reason or its type.
    """

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span | None = None) -> None:
        self._span = span
        self._token: Token[Span | None] | None = None

    def __enter__(self) -> Self:
        if self._span is not None:
            self._token = _CURRENT.set(self._span)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        if self._span is None or self._token is None:
            return
        with suppress(ValueError):  # a coroutine that is thrown away ends in another context
            _CURRENT.reset(self._token)
        if kind is not None:
            self._span.failed(_why(kind.__name__, getattr(error, "reason", "")))
        self._span.end()

    def note(self, name: str, value: Attribute) -> None:
        """Adds an attribute."""
        if self._span is not None:
            self._span.note(name, value)

    def failed(self, why: str) -> None:
        """Marks the span as failed; see Span."""
        if self._span is not None:
            self._span.failed(why)


class Tracer(Protocol):
    """Begins traces."""

    def trace(self, name: str, attributes: Attributes) -> Opened:
        """The first span of a new trace."""

    def close(self) -> None:
        """Send what waits, and record nothing more. Blocks."""


class NoTracer:
    """Records nothing."""

    def trace(self, name: str, attributes: Attributes) -> Opened:
        """See Tracer."""
        return _NOTHING

    def close(self) -> None:
        """See Tracer."""


class SpanCounts:
    """How many spans a receiver took, and how many were lost and why. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent = 0
        self._lost: Counter[Lost] = Counter()

    def sent(self, number: int) -> None:
        """Count spans that the receiver took."""
        with self._lock:
            self._sent += number

    def lost(self, why: Lost, number: int = 1) -> None:
        """Count spans that it will not get."""
        with self._lock:
            self._lost[why] += number

    @property
    def all(self) -> tuple[int, Mapping[Lost, int]]:
        """How many arrived, and how many did not, by reason."""
        with self._lock:
            return self._sent, {why: self._lost[why] for why in LOST}


_CURRENT: Final[ContextVar[Span | None]] = ContextVar("span", default=None)
_NOTHING: Final = Opened()
_KINDS: Final = {"CancelledError": "cancelled", "TimeoutError": "timeout"}
_WORD: Final = re.compile("[a-z_]{1,40}")


def _why(kind: str, reason: object) -> str:
    """One word: the reason of our own errors, else the type. Others have a whole text there."""
    if isinstance(reason, str) and _WORD.fullmatch(reason):
        return reason
    return _KINDS.get(kind, kind)


def client(name: str, attributes: Callable[[], Attributes]) -> Opened:
    """A span of one request to another system. `attributes` is called only if it is recorded."""
    current = _CURRENT.get()
    return _NOTHING if current is None else Opened(current.child(name, "client", attributes()))


def step(name: str, attributes: Attributes | None = None) -> Opened:
    """A span of one part of what the open span is about."""
    current = _CURRENT.get()
    return (
        _NOTHING if current is None else Opened(current.child(name, "internal", attributes or {}))
    )


def trace_id() -> str:
    """The id of the trace that is recorded here; empty where none is."""
    current = _CURRENT.get()
    return "" if current is None else current.trace_id
