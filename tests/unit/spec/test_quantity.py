"""Durations and percentages."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.spec.quantity import check_objective, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("30d", 2_592_000),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("2w", 1_209_600),
    ],
)
def test_a_duration_is_read_with_its_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "5", 5, 5.5, "5 m", "-5m", "5x", True, None, ["5m"], "5m\n5", "٣s"]
)
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        parse_duration(text)


def test_a_bare_number_is_reported_as_lacking_a_unit() -> None:
    with pytest.raises(ValueError, match="15 has no unit; write 15s if seconds are meant"):
        parse_duration(15)


def test_a_duration_too_long_for_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration("9" * 400 + "d")


@given(st.integers(min_value=1, max_value=10**12))
def test_a_formatted_duration_reads_back_exact_to_the_millisecond(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert round(parse_duration(format_duration(seconds)) * 1000) == milliseconds


@given(st.floats(allow_nan=False, min_value=-1e9, max_value=1e9))
def test_every_formatted_duration_is_a_duration(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(max(seconds, 0), abs=0.0006)


@given(st.text() | st.from_regex(r"[0-9.]{1,6}(ms|[smhdw]|)", fullmatch=True))
def test_arbitrary_text_is_a_duration_or_a_value_error(text: str) -> None:
    seconds = 0.0
    with suppress(ValueError):
        seconds = parse_duration(text)
    assert math.isfinite(seconds)
    assert seconds >= 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (5400, "1h30m"), (86_400, "1d"), (0.25, "250ms")]
)
def test_durations_are_written_the_short_way(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (0.999, "0.999 is a ratio; write percent: 99.9"),
        (0.9995, "0.9995 is a ratio; write percent: 99.95"),
        (100, "100 leaves no error budget; write less, for example 99.99"),
        (101.5, "101.5 leaves no error budget; write less, for example 99.99"),
        (0, "0 is not an objective; write a percentage, for example 99.9"),
        (-3, "-3 is not an objective; write a percentage, for example 99.9"),
        (1, "1 is too low; write a percentage, for example 99.9"),
    ],
)
def test_an_objective_that_is_no_percentage_is_reported_with_what_to_write(
    percent: float, words: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole text is compared
        check_objective(percent)
    assert str(caught.value) == words


@given(st.floats(min_value=1, max_value=100, exclude_min=True, exclude_max=True))
def test_a_percentage_below_100_is_an_objective(percent: float) -> None:
    assert check_objective(percent) == percent
