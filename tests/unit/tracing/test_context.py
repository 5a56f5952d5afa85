"""Reading and writing trace context. Whatever arrives, nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from obs.tracing.context import (
    Carried,
    Problem,
    fields_of,
    parse_baggage,
    parse_parent,
    parse_state,
    parse_xray,
    read,
    xray_header,
)
from tests.unit.tracing.recorded import PARENT, SPAN, TRACE

IDS = st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1)


@given(*IDS, st.integers(0, 255))
def test_what_is_written_is_read(trace_id: int, span_id: int, flags: int) -> None:
    span = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(flags))
    fields = fields_of(span, {})
    assert parse_parent(fields["traceparent"]) == (trace_id, span_id, flags)
    xray = parse_xray(xray_header(fields["traceparent"]))
    assert xray == (trace_id, span_id, flags & 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a traceparent"),
        (PARENT.upper(), "not a traceparent"),
        (PARENT + "-more", "not a traceparent"),
        ("ff" + PARENT[2:], "not a traceparent"),
        (PARENT[:-1], "not a traceparent"),
        (PARENT.replace(TRACE, "0" * 32), "an id of zeros"),
        (PARENT.replace(SPAN, "0" * 16), "an id of zeros"),
        ("0" * 32, "an id of zeros"),
        (TRACE[:-1], "not a traceparent"),
        ("01" + PARENT[2:] + "-" + "x" * 512, "too long"),
        (b"00", "not text"),
        (["00"], "not text"),
    ],
)
def test_a_malformed_parent_is_refused_with_its_reason(text: object, reason: str) -> None:
    assert parse_parent(text) == reason


def test_a_later_version_may_say_more() -> None:
    assert parse_parent("01" + PARENT[2:] + "-more") == (int(TRACE, 16), int(SPAN, 16), 1)


@pytest.mark.parametrize("text", [TRACE, TRACE.upper(), f" {TRACE}\t"])
def test_a_bare_trace_id_is_sampled_and_has_a_parent_of_its_own(text: str) -> None:
    origin = read(Carried((("ce_traceparent", text),)))
    assert origin.bare
    assert origin.span is not None
    assert f"{origin.span.trace_id:032x}" == TRACE
    assert f"{origin.span.span_id:016x}" == TRACE[16:]
    assert origin.span.trace_flags.sampled


def test_a_trace_id_may_be_written_as_a_uuid() -> None:
    text = f"{TRACE[:8]}-{TRACE[8:12]}-{TRACE[12:16]}-{TRACE[16:20]}-{TRACE[20:]}"
    assert parse_parent(text) == (int(TRACE, 16), None, 1)


def test_the_first_usable_parent_counts_and_those_before_it_are_told() -> None:
    carried = Carried((("traceparent", "no"), ("ce_traceparent", PARENT)), xray="no")
    origin = read(carried)
    assert origin.span is not None
    assert origin.span.span_id == int(SPAN, 16)
    assert origin.problems == (Problem("traceparent", "not a traceparent"),)


@pytest.mark.parametrize(
    ("sampled", "flags"), [("Sampled=0", 0), ("Sampled=1", 1), ("Sampled=?", 1), ("", 1)]
)
def test_x_ray_leaves_sampling_open_or_decides(sampled: str, flags: int) -> None:
    header = f"Root=1-{TRACE[:8]}-{TRACE[8:]};Parent={SPAN};{sampled};Lineage=x"
    assert parse_xray(header) == (int(TRACE, 16), int(SPAN, 16), flags)
    assert parse_xray(f"Root=1-{TRACE[:8]}-{TRACE[8:]}") == (int(TRACE, 16), None, 1)
    assert parse_xray(f"Root=2-{TRACE[:8]}-{TRACE[8:]}") == "not an X-Ray trace header"


@pytest.mark.parametrize("text", ["a=1,b=2", "a=1 , ,t@v=x y", "", "0a=~"])
def test_a_state_is_read_as_opentelemetry_reads_it(text: str) -> None:
    problems: list[Problem] = []
    state = parse_state(text, problems)
    expected = TraceContextTextMapPropagator().extract({"traceparent": PARENT, "tracestate": text})
    (span,) = expected.values()
    assert state == span.get_span_context().trace_state  # type: ignore[attr-defined]
    assert problems == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=1,a=2", "not a tracestate"),
        ("A=1", "not a tracestate"),
        ("a", "not a tracestate"),
        ("a=é", "not a tracestate"),
        ("a=" + "x" * 600, "too long"),
        (",".join(f"k{n}=v" for n in range(33)), "too long"),
        (1, "not text"),
    ],
)
def test_a_malformed_state_is_dropped_and_the_trace_goes_on(text: object, reason: str) -> None:
    origin = read(Carried((("traceparent", PARENT),), tracestate=text))
    assert origin.span is not None
    assert not origin.span.trace_state
    assert origin.problems == (Problem("tracestate", reason),)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=20)))
def test_baggage_is_understood_by_opentelemetry_and_here(entries: dict[str, str]) -> None:
    entries = {key: value.encode("utf-8", "replace").decode() for key, value in entries.items()}
    invalid = SpanContext(0, 0, is_remote=False)
    header = fields_of(invalid, entries).get("baggage", "")
    problems: list[Problem] = []
    assert parse_baggage(header, problems) == entries
    assert problems == []
    context = W3CBaggagePropagator().extract({"baggage": header})
    understood = next(iter(context.values()), {}) if header else {}
    assert understood == {key: value.strip() for key, value in entries.items()}


def test_what_is_malformed_in_baggage_is_left_out() -> None:
    problems: list[Problem] = []
    assert parse_baggage("a=1;p=2, b = 3,,no,é=1", problems) == {"a": "1", "b": "3"}
    assert problems == [Problem("baggage", "an entry is malformed")]
    assert parse_baggage("a=" + "x" * 9000, problems) == {}
    assert len(parse_baggage(",".join(f"k{n}=v" for n in range(300)), problems)) == 180
    assert [problem.reason for problem in problems[1:]] == ["too long", "too long"]


def test_baggage_that_is_too_long_is_cut_at_an_entry() -> None:
    fields = fields_of(SpanContext(0, 0, is_remote=False), {f"k{n}": "x" * 99 for n in range(200)})
    assert len(fields["baggage"]) <= 8192
    assert fields["baggage"].endswith("=" + "x" * 99)


ANYTHING = st.one_of(
    st.none(), st.text(), st.binary(), st.integers(), st.just(PARENT), st.just(TRACE),
    st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
)  # fmt: skip


@given(st.lists(ANYTHING, max_size=3), ANYTHING, ANYTHING, ANYTHING)
def test_whatever_arrives_is_read(
    parents: list[object], state: object, baggage: object, xray: object
) -> None:
    named = tuple(("traceparent", value) for value in parents)
    origin = read(Carried(named, state, baggage, xray))
    assert origin.span is None or origin.span.is_valid
    for problem in origin.problems:
        assert problem.field in {"traceparent", "tracestate", "baggage", "AWSTraceHeader"}
