"""What readiness answers say of dependencies, in the forms that libraries have."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.sources.probe.dependencies import MOST, dependency_states
from obs.spec.probe_targets import ReportedDependencies


def states(document: Any, field: str = "checks", *up: str) -> Any:
    found = dependency_states(document, ReportedDependencies(field=field, up=up))
    return None if found is None else dict(found.up)


SPRING = {"status": "DOWN", "components": {"db": {"status": "UP"}, "mq": {"status": "DOWN"}}}
HEALTH_JSON = {
    "checks": {
        "db:connections": [{"status": "pass"}, {"status": "warn"}],
        "cache": [{"status": "pass"}, {"status": "fail"}],
    }
}
ASP_NET = {"entries": {"sql": {"status": "Healthy"}, "bus": {"status": "Unhealthy"}}}
LISTED = {"checks": [{"name": "db", "status": "ok"}, {"name": "s3", "healthy": False}]}


@pytest.mark.parametrize(
    ("document", "field", "expected"),
    [
        (SPRING, "components", {"db": True, "mq": False}),
        (HEALTH_JSON, "checks", {"db:connections": True, "cache": False}),
        (ASP_NET, "entries", {"sql": True, "bus": False}),
        (LISTED, "checks", {"db": True, "s3": False}),
        ({"a": {"b": {"x": True, "y": "Out of Service"}}}, "a.b", {"x": True, "y": False}),
        ({"checks": {}}, "checks", {}),
        ({"checks": "ok"}, "checks", None),
        ({}, "checks", None),
        ([], "checks", None),
    ],
)
def test_the_usual_forms_are_read(document: Any, field: str, expected: Any) -> None:
    assert states(document, field) == expected


def test_a_state_that_is_no_known_word_is_left_out_and_not_taken_for_down() -> None:
    document = {"checks": {"db": "purple", "cache": "ok", "number": 3, "deep": {"status": {}}}}
    found = dependency_states(document, ReportedDependencies(field="checks"))
    assert found
    assert found.up == {"cache": True}
    assert found.left_out == {"too_many": 0, "unknown_state": 3}


def test_the_words_of_the_spec_are_the_only_ones_that_mean_up() -> None:
    document = {"checks": {"a": "Grand", "b": "ok", "c": True}}
    assert states(document, "checks", "grand") == {"a": True, "b": False, "c": True}


def test_more_than_a_target_can_have_are_counted() -> None:
    document = {"checks": {f"d{n}": True for n in range(MOST + 7)}}
    found = dependency_states(document, ReportedDependencies(field="checks"))
    assert found
    assert len(found.up) == MOST
    assert found.left_out["too_many"] == 7


def test_a_name_is_one_short_line() -> None:
    document = {"checks": {"x\n\x1b[2J" + "y" * 300: True}}
    (name,) = states(document)
    assert name.isprintable()
    assert len(name) <= 64


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_is_too_odd(value: Any) -> None:
    found = states({"checks": value})
    assert found is None or all(isinstance(each, bool) for each in found.values())
