"""Whatever sends a request opens a span, which is nothing unless somebody began a trace."""

import asyncio
import threading
from contextvars import copy_context
from dataclasses import dataclass, field

import pytest

from obs import spans
from obs.clients.parallel import in_parallel
from obs.clients.threads import in_thread
from obs.errors import SourceError


@dataclass
class Recorded:
    """A span that remembers all that happens to it."""

    name: str
    notes: dict[str, spans.Attribute] = field(default_factory=dict)
    children: list["Recorded"] = field(default_factory=list)
    ended: bool = False
    trace_id: str = "ab" * 16

    def child(self, name: str, kind: spans.Kind, attributes: spans.Attributes) -> "Recorded":
        made = Recorded(name, {"kind": kind, **attributes})
        self.children.append(made)
        return made

    def note(self, name: str, value: spans.Attribute) -> None:
        self.notes[name] = value

    def failed(self, why: str) -> None:
        self.notes["failed"] = why

    def end(self) -> None:
        assert not self.ended
        self.ended = True


def unread() -> spans.Attributes:
    raise AssertionError("attributes that nobody needs")


def test_outside_a_trace_a_span_is_nothing() -> None:
    with spans.client("GET", unread) as span, spans.step("inner") as inner:
        span.note("a", 1)
        inner.failed("timeout")
    assert span is inner
    assert spans.trace_id() == ""


def test_a_span_belongs_to_the_one_that_is_open_around_it() -> None:
    root = Recorded("poll")
    with spans.Opened(root):
        assert spans.trace_id() == root.trace_id
        with spans.step("part"), spans.client("GET", lambda: {"url.full": "http://a/b"}) as span:
            span.note("http.response.status_code", 200)
        with spans.client("second", dict):
            pass
    assert spans.trace_id() == ""
    (part, second) = root.children
    (get,) = part.children
    assert get.notes == {
        "kind": "client",
        "url.full": "http://a/b",
        "http.response.status_code": 200,
    }
    assert second.name == "second"
    assert all(each.ended for each in (root, part, get, second))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (SourceError("throttled", "a secret text"), "throttled"),
        (KeyError("a secret text"), "KeyError"),
        (UnicodeDecodeError("utf-8", b"", 0, 0, "a secret text"), "UnicodeDecodeError"),
        (TimeoutError(), "timeout"),
        (asyncio.CancelledError(), "cancelled"),
    ],
)
def test_an_exception_is_told_by_its_reason_alone(error: BaseException, why: str) -> None:
    root = Recorded("poll")
    with pytest.raises(type(error)), spans.Opened(root), spans.client("GET", dict):
        raise error
    assert root.children[0].notes == {"kind": "client", "failed": why}
    assert root.notes == {"failed": why}


async def test_threads_that_work_for_a_span_are_within_it() -> None:
    root = Recorded("poll")

    def ask(number: int) -> str:
        with spans.client(f"request {number}", dict):
            return threading.current_thread().name

    with spans.Opened(root):
        await in_thread(lambda: in_parallel(ask, range(5)), "poll")
        await in_thread(lambda: ask(5), "refine")
    assert {each.name for each in root.children} == {f"request {number}" for number in range(6)}
    assert spans.trace_id() == ""


def test_a_span_that_ends_in_another_context_ends_all_the_same() -> None:
    root = Recorded("poll")
    opened = spans.Opened(root)
    copy_context().run(opened.__enter__)
    opened.__exit__(None, None, None)
    assert root.ended


def test_counts_have_a_zero_for_each_reason() -> None:
    counts = spans.SpanCounts()
    counts.sent(3)
    counts.lost("queue_full", 2)
    assert counts.all == (
        3,
        {"not_sent": 0, "queue_full": 2, "rejected": 0, "trace_full": 0},
    )
