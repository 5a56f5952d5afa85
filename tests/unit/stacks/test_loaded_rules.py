"""Loaded and built rules in a form in which they can be compared."""

from typing import Any

import pytest

from obs.clients.rest import Rest
from obs.spec.stacks import PrometheusStack
from obs.stacks.loaded_rules import (
    LoadedRules,
    built_fields,
    loaded_fields,
    read_loaded,
)
from tests.integration.applying import Answer, Request, Server

BUILT = {"name": "g", "rules": [{"alert": "A", "expr": 'x{a="b  c"}\n  > 1', "for": "5m"}]}


def loaded(**rule: Any) -> dict[str, Any]:
    whole = {"type": "alerting", "name": "A", "query": 'x{a="b  c"} > 1', "duration": 300, **rule}
    return {"name": "g", "file": "/f", "interval": 60, "rules": [whole]}


def compared(group: dict[str, Any], expressions: dict[str, str], interval: float | None) -> bool:
    facts = LoadedRules([group], expressions, interval)
    return built_fields(BUILT, facts) == loaded_fields(group, facts)


FORMATTED = {'x{a="b  c"}\n  > 1': 'x{a="b  c"} > 1'}


def test_a_rule_that_is_written_in_other_words_is_the_same() -> None:
    assert compared(loaded(labels={}, annotations={"empty": ""}), FORMATTED, 60.0)


@pytest.mark.parametrize(
    "rule",
    [
        {"query": "x > 1"},
        {"duration": 60},
        {"keepFiringFor": 60},
        {"labels": {"a": "b"}},
        {"annotations": {"a": "b"}},
        {"name": "B"},
    ],
)
def test_whatever_differs_is_a_difference(rule: dict[str, Any]) -> None:
    assert not compared(loaded(**rule), FORMATTED, 60.0)


def test_the_interval_counts_where_the_default_is_known() -> None:
    assert not compared(loaded(), FORMATTED, 30.0)
    assert compared(loaded(), FORMATTED, None)


@pytest.mark.parametrize(("query", "same"), [('x{a="b  c"}>1', True), ('x{a="b c"} > 1', False)])
def test_a_server_that_formats_nothing_is_compared_without_white_space(
    query: str, same: bool
) -> None:
    import json

    def answer(request: Request) -> Answer:
        if request.path == "/api/v1/rules":
            return 200, json.dumps({"data": {"groups": [loaded(query=query)]}}).encode()
        return 404, b"404 page not found"

    with Server(answer) as server:
        stack = PrometheusStack(url=server.url, rules_dir="rules")
        with Rest(stack) as rest:
            facts = read_loaded(rest, [BUILT])
    assert facts.interval is None
    assert (built_fields(BUILT, facts) == loaded_fields(facts.groups[0], facts)) == same
