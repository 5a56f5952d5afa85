"""Trace context as messages carry it: W3C traceparent, tracestate and baggage, a bare trace id, and
AWS X-Ray's header. Reading never raises: what is malformed is a Problem, and the rest is used.

Values are quoted nowhere: they may be anything, personal data included.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
BAGGAGE: Final = "baggage"

_MOST_PARENT: Final = 512  # characters, as of a later version of traceparent
_MOST_STATE: Final = 512  # characters, what W3C asks everybody to keep at least
_MOST_STATES: Final = 32
_MOST_BAGGAGE: Final = 8192  # bytes
_MOST_ENTRIES: Final = 180

_PARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACE_ID: Final = re.compile(r"[0-9a-fA-F]{32}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_XRAY_ROOT: Final = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})")
_SPAN_ID: Final = re.compile(r"[0-9a-fA-F]{16}")
_STATE_MEMBER: Final = re.compile(
    r"([a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])"
)
_BAGGAGE_KEY: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_NOT_SAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
_NO_STATE: Final = TraceState()
_ZEROS: Final = "an id of zeros"
_NO_PARENT: Final = "not a traceparent"


@dataclass(frozen=True, slots=True)
class Carried:
    """The fields of a message, unread, the traceparents in the order in which they count."""

    parents: tuple[tuple[str, object], ...] = ()
    """Name and value of each field that may hold a traceparent or a bare trace id."""
    tracestate: object = None
    baggage: object = None
    xray: object = None
    """AWS X-Ray's header, which counts last."""
    readable: bool = True
    """False where the message broke the reading of it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A field that cannot be used, and why; never its value."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """The context in which a message was created; `span` is None where it told none."""

    span: SpanContext | None = None
    bare: bool = False
    """Only the trace is known: the span's id is made of the trace's."""
    baggage: Mapping[str, str] | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether a span is told, not only a trace."""
        return self.span is not None and not self.bare


_UNKNOWN: Final = Origin()
_UNREADABLE: Final = Origin(problems=(Problem("message", "not readable"),))


def read(carried: Carried) -> Origin:
    """The origin that the fields tell. The first usable parent counts."""
    if not carried.readable:
        return _UNREADABLE
    if not carried.parents and carried.xray is None and carried.baggage is None:
        return _UNKNOWN
    problems: list[Problem] = []
    span, bare = _span_of(carried, problems)
    baggage = None if carried.baggage is None else parse_baggage(carried.baggage, problems)
    return Origin(span, bare, baggage, tuple(problems))


def _span_of(carried: Carried, problems: list[Problem]) -> tuple[SpanContext | None, bool]:
    for name, value in carried.parents:
        found = parse_parent(value)
        if isinstance(found, str):
            problems.append(Problem(name, found))
            continue
        trace_id, span_id, flags = found
        state = parse_state(carried.tracestate, problems)
        return _remote(trace_id, span_id or bare_parent(trace_id), flags, state), span_id is None
    if carried.xray is not None:
        traced = parse_xray(carried.xray)
        if not isinstance(traced, str):
            trace_id, span_id, flags = traced
            bare = span_id is None
            return _remote(trace_id, span_id or bare_parent(trace_id), flags, _NO_STATE), bare
        problems.append(Problem("AWSTraceHeader", traced))
    return None, False


def _remote(trace_id: int, span_id: int, flags: TraceFlags, state: TraceState) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags, trace_state=state)


Parent = tuple[int, int | None, TraceFlags]
"""Ids of trace and span, and flags; the span is None where only the trace is known."""


def parse_parent(value: object) -> Parent | str:
    """A W3C traceparent, a bare trace id of 32 hexadecimal digits, or that id as a UUID.

    A bare id counts as sampled: it says nothing, and unsampled its trace would be lost. Otherwise
    why it is none of them. W3C Trace Context, section 3.2.
    """
    if not isinstance(value, str):
        return "not text"
    text = value.strip(" \t")
    if len(text) > _MOST_PARENT:
        return "too long"
    if found := _PARENT.fullmatch(text):
        return _of_parts(*found.groups())
    if _TRACE_ID.fullmatch(text) or _UUID.fullmatch(text):
        trace_id = int(text.replace("-", ""), 16)
        return (trace_id, None, _SAMPLED) if trace_id else _ZEROS
    return _NO_PARENT


def _of_parts(version: str, trace: str, span: str, flags: str, more: str | None) -> Parent | str:
    if version == "ff" or (version == "00" and more is not None):
        return _NO_PARENT
    trace_id, span_id = int(trace, 16), int(span, 16)
    return (trace_id, span_id, TraceFlags(int(flags, 16))) if trace_id and span_id else _ZEROS


def bare_parent(trace_id: int) -> int:
    """The id of the span to which all spans of a bare trace id belong: the id's lower half."""
    return trace_id & 0xFFFF_FFFF_FFFF_FFFF or 1


def parse_xray(value: object) -> Parent | str:
    """AWS X-Ray's header, or why it is none. A sampling decision left open counts as sampled."""
    if not isinstance(value, str):
        return "not text"
    if len(value) > _MOST_PARENT:
        return "too long"
    pairs = [part.strip().partition("=") for part in value.split(";")]
    fields = {name: text for name, _, text in pairs}
    root = _XRAY_ROOT.fullmatch(fields.get("Root", ""))
    if root is None or not (trace_id := int("".join(root.groups()), 16)):
        return "not an X-Ray trace header"
    parent = fields.get("Parent", "")
    span_id = int(parent, 16) if _SPAN_ID.fullmatch(parent) else 0
    return trace_id, span_id or None, _NOT_SAMPLED if fields.get("Sampled") == "0" else _SAMPLED


def parse_state(value: object, problems: list[Problem]) -> TraceState:
    """A W3C tracestate; empty where there is none, or a malformed one."""
    if value is None:
        return _NO_STATE
    if not isinstance(value, str):
        problems.append(Problem(TRACESTATE, "not text"))
        return _NO_STATE
    members = [member for part in value.split(",") if (member := part.strip(" \t"))]
    pairs = [
        (str(found[1]), str(found[2]))
        for member in members
        if (found := _STATE_MEMBER.fullmatch(member))
    ]
    too_long = len(value) > _MOST_STATE or len(members) > _MOST_STATES
    if too_long or len(dict(pairs)) < len(members):
        problems.append(Problem(TRACESTATE, "too long" if too_long else "not a tracestate"))
        return _NO_STATE
    return TraceState(pairs)


def parse_baggage(value: object, problems: list[Problem]) -> dict[str, str]:
    """The entries of a W3C baggage without their properties; malformed ones are left out."""
    if not isinstance(value, str):
        problems.append(Problem(BAGGAGE, "not text"))
        return {}
    if len(value.encode("utf-8", "replace")) > _MOST_BAGGAGE:
        problems.append(Problem(BAGGAGE, "too long"))
        return {}
    found: dict[str, str] = {}
    malformed = False
    for member in value.split(","):
        key, equals, text = member.partition(";")[0].partition("=")
        name = key.strip(" \t")
        if equals and _BAGGAGE_KEY.fullmatch(name) and text.isascii():
            found[unquote_plus(name)] = unquote_plus(text.strip(" \t"))
        else:
            malformed = malformed or bool(member.strip(" \t"))
    if malformed or len(found) > _MOST_ENTRIES:
        problems.append(Problem(BAGGAGE, "an entry is malformed" if malformed else "too long"))
    return dict(list(found.items())[:_MOST_ENTRIES])


def fields_of(span: SpanContext, baggage: Mapping[str, object]) -> dict[str, str]:
    """The W3C fields that carry a context, those that are empty left out."""
    fields = {}
    if span.is_valid:
        fields[TRACEPARENT] = f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
        if span.trace_state:
            fields[TRACESTATE] = span.trace_state.to_header()
    if baggage and (entries := _baggage_header(baggage.items())):
        fields[BAGGAGE] = entries
    return fields


def _baggage_header(entries: Iterable[tuple[str, object]]) -> str:
    """As many entries as W3C lets everybody expect to be carried."""
    header = ""
    for number, (key, value) in enumerate(entries):
        member = f"{_quoted(key)}={_quoted(str(value))}"
        longer = f"{header},{member}" if header else member
        if number >= _MOST_ENTRIES or len(longer) > _MOST_BAGGAGE:
            break
        header = longer
    return header


def _quoted(text: str) -> str:
    return quote_plus(text, errors="replace")


def xray_header(traceparent: str) -> str:
    """AWS X-Ray's header of a traceparent."""
    _, trace, span, flags = traceparent.split("-")
    return f"Root=1-{trace[:8]}-{trace[8:]};Parent={span};Sampled={int(flags, 16) & 1}"
