"""The OMS' events are CloudEvents that carry their trace."""

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.sandbox.events import events_per_second, make_event, make_poison

AT = 1_790_000_000.0


@given(st.floats(0, 4e9))
def test_the_pace_varies_around_twenty_a_second(at: float) -> None:
    assert 14 <= events_per_second(at) <= 26


@given(st.integers())
def test_an_event_is_a_cloudevent_in_binary_mode_with_its_trace_context(seed: int) -> None:
    event = make_event(AT, random.Random(seed))
    required = {"ce_id", "ce_source", "ce_specversion", "ce_type"}
    assert required <= event.headers.keys()
    assert event.subject == f"oms.events.{event.headers['ce_type'].removeprefix('oms.')}"
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", event.headers["ce_traceparent"])
    assert event.headers["ce_time"] == "2026-09-21T14:13:20.000+00:00"
    assert json.loads(event.body)["table"] in event.headers["ce_subject"]


def test_a_quarter_of_the_events_is_about_schemas() -> None:
    chance = random.Random(1)
    subjects = [make_event(AT, chance).subject for _ in range(2000)]
    schemas = sum(subject.startswith("oms.events.schema.") for subject in subjects)
    assert 400 < schemas < 600
    kinds = ("oms.events.schema.", "oms.events.object.")
    assert [subject for subject in subjects if not subject.startswith(kinds)] == []


def test_the_body_of_poison_cannot_be_read() -> None:
    poison = make_poison(AT, random.Random(1))
    with pytest.raises(json.JSONDecodeError):
        json.loads(poison.body)
