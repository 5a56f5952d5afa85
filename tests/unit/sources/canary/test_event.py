"""The marked event, and what answers say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import SourceError
from obs.sources.canary.api_answers import Answer, StreamAnswer, answer, matches
from obs.sources.canary.event import CanaryEvent, read_event, slot_id, slot_of

AT = 1_800_000_000.0


def test_an_event_says_in_header_and_body_what_it_is_and_is_read_back() -> None:
    event = CanaryEvent("orders", slot_id("orders", AT, 60), AT + 0.5)
    assert event.headers()["Obs-Canary"] == "orders"
    assert event.headers()["Nats-Msg-Id"] == "obs-canary.orders.60.1800000000"
    assert json.loads(event.body())["obscanary"] == "orders"
    found = read_event("orders", event.body(), AT + 2)
    assert found is not None
    assert (found.id, found.published, found.at) == (event.id, AT + 0.5, AT + 2)
    assert read_event("others", event.body(), AT) is None


documents = st.recursive(st.none() | st.text(), st.lists)


@given(st.binary(max_size=200) | documents.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_event_is_none(body: bytes) -> None:
    assert read_event("orders", body, AT) is None


@given(st.floats(1e9, 3e9), st.sampled_from([1.0, 60.0, 90.0, 3600.0]))
def test_every_moment_is_in_one_slot(at: float, every: float) -> None:
    slot = slot_of(at, every)
    assert slot <= at < slot + every
    assert slot_of(slot, every) == slot


@pytest.mark.parametrize(
    ("subject", "filter", "expected"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.*", True),
        ("a.b", "a.>", True),
        ("a", "a.>", False),
        ("a.b.c", "a.*", False),
        ("a.b", ">", True),
        ("b.a", "a.>", False),
    ],
)
def test_a_filter_matches_as_servers_do(subject: str, filter: str, expected: bool) -> None:
    assert matches(subject, filter) is expected


@pytest.mark.parametrize(
    ("config", "fills"),
    [
        ({}, True),
        ({"max_msgs": 100, "discard": "new"}, True),
        ({"max_msgs": 100, "discard": "old"}, False),
        ({"max_age": 1}, False),
        ({"retention": "interest"}, False),
        ({"allow_msg_ttl": True}, False),
    ],
)
def test_a_stream_that_keeps_everything_for_ever_is_refused(
    config: dict[str, object], fills: bool
) -> None:
    found = answer("S", json.dumps({"config": config}).encode(), StreamAnswer)
    assert bool(found.why_it_would_fill()) is fills


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"code": 404, "description": "stream not found"}}', "404: stream not found"),
        (b"[]", "invalid response"),
    ],
)
def test_an_error_in_an_answer_is_told(body: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        answer("S", body, Answer)
