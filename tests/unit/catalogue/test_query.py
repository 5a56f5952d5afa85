"""Pieces of PromQL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue import aws, nats
from obs.catalogue.query import (
    duration,
    equal,
    increase,
    max_by,
    number,
    over_time,
    quoted,
    renamed,
    selector,
)

SECONDS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


@given(st.integers(min_value=1, max_value=10**8))
def test_a_duration_says_its_seconds(seconds: int) -> None:
    text, total, digits = duration(seconds), 0, ""
    for character in text:
        if character.isdigit():
            digits += character
        else:
            total, digits = total + int(digits) * SECONDS[character], ""
    assert total == seconds


def test_less_than_a_second_is_no_duration() -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(0.2)


@pytest.mark.parametrize(
    ("value", "text"), [(1000, "1000"), (14.4, "14.4"), (0.001, "0.001"), (10**9, "1000000000")]
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    assert number(value) == text


def test_quotes_backslashes_and_line_ends_are_escaped() -> None:
    assert quoted('a "b" \\ c\n') == '"a \\"b\\" \\\\ c\\n"'


def test_a_selector_without_matchers_has_no_braces() -> None:
    assert selector(nats.LAG_MESSAGES) == "nats_consumer_lag_messages"


def test_a_selector_has_its_matchers_and_its_window() -> None:
    where = (*equal([("stream", "A")]), ("consumer", "=~", "x|y"))
    assert (
        selector(nats.LAG_MESSAGES, where, 300)
        == 'nats_consumer_lag_messages{stream="A",consumer=~"x|y"}[5m]'
    )


def test_what_counts_once_is_grouped_by_its_identity() -> None:
    grown = increase(aws.RETRIES, (), 900)
    assert max_by(aws.RULE, grown) == (
        "max by (aws, bus, rule) (increase(eventbridge_retries_total[15m]))"
    )


def test_values_over_time_are_taken_from_a_subquery() -> None:
    assert over_time("max_over_time", "up", 3600, 60) == "max_over_time((up)[1h:1m])"


def test_a_label_can_have_a_second_name() -> None:
    assert renamed("up", "source", "nats") == 'label_replace(up, "nats", "$1", "source", "(.*)")'
