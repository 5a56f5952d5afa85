"""PromQL in a spec: selectors, expressions, and the remedies of what is neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from obs.spec.prometheus_slis import PrometheusMinutesSli, PrometheusSli
from obs.spec.promql import balanced, is_selector, outline


def counted(total: str) -> str:
    """The message about this query; empty where it is taken."""
    try:
        PrometheusSli.model_validate({"source": "p", "bad": "errors_total", "total": total})
    except ValidationError as error:
        return str(error.errors()[0]["msg"])
    return ""


@pytest.mark.parametrize(
    "query",
    [
        "http_requests_total",
        'http_requests_total{code=~"5..", path="/a{b}"}',
        "{__name__='http_requests_total'}",
        'job:requests:total{text="a \\" } b"}',
        "sum(increase(http_requests_total[$window]))",
        "sum(increase(a_total[$window])) + sum(increase(b_total[$window] offset 1m))",
        "histogram_count(sum(increase(http_seconds[$window])))",
        "sum(increase(separate_total[$window])) # by rate(x)",
    ],
)
def test_selectors_and_expressions_of_a_window_are_taken(query: str) -> None:
    assert counted(query) == ""


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("sum(http_requests_total)", "write the selector of a counter"),
        ("sum(increase(http_requests_total[5m]))", "$window"),
        ('http_requests_total{path="[$window]"} > 1', "$window"),
        ("sum(rate(http_requests_total[$window]))", "write increase(…[$window])"),
        ("sum(increase(http_requests_total[$window])", "not closed"),
        ('http_requests_total{code="5..}', "not closed"),
        ("a)(b", "not closed"),
        ("", "at least 1 character"),
    ],
)
def test_what_counts_no_events_is_refused_with_the_remedy(query: str, word: str) -> None:
    assert word in counted(query)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"total": "a"}, "good or bad"),
        ({"total": "a", "good": "b", "bad": "c"}, "good or bad"),
        ({"total": "a", "good": "b", "range": "90s"}, "whole minutes"),
        ({"total": "a", "good": "b", "range": "2h"}, "less than or equal"),
    ],
)
def test_an_sli_that_is_not_whole_is_refused(fields: dict[str, str], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        PrometheusSli.model_validate({"source": "p", **fields})


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("up == 1", "bool"),
        ("max(a) >= 5", "bool"),
        ("a != b", "bool"),
        ("max(a) < bool 5", ""),
        ("max(a) <= bool 5 and min(b) >=bool 2", ""),
        ('min(probe_success{path=~".*"})', ""),
        ('count(up{job!="a"})', ""),
        ("max(a) == bool 1 and min(b) > bool 2", ""),
    ],
)
def test_a_condition_says_0_where_it_does_not_hold(query: str, word: str) -> None:
    fields = {"source": "p", "holds": query}
    if not word:
        assert PrometheusMinutesSli.model_validate(fields).holds == query
        return
    with pytest.raises(ValidationError, match=word):
        PrometheusMinutesSli.model_validate(fields)


@given(st.text(max_size=200))
def test_any_text_has_an_outline_and_a_verdict(text: str) -> None:
    assert isinstance(outline(text), str)
    assert balanced(text) in (True, False)
    assert is_selector(text) in (True, False)
    counted(text)
