"""Durations as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue.query import duration
from obs.durations import format_duration, format_whole_seconds
from obs.slo.windows import window


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (-60, "0s"),
        (0.0004, "0s"),
        (0.25, "250ms"),
        (90.5, "1m30s500ms"),
        (5400, "1h30m"),
        (90_061, "1d1h1m1s"),
        (30 * 86_400, "30d"),
    ],
)
def test_a_duration_is_written_in_its_largest_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(1, "1s"), (300.4, "5m"), (0.6, "1s")])
def test_whole_seconds_are_rounded_to(seconds: float, text: str) -> None:
    assert format_whole_seconds(seconds) == text


@pytest.mark.parametrize("seconds", [0, 0.5, -60])
def test_less_than_a_second_has_no_text_in_whole_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        format_whole_seconds(seconds)


@given(st.integers(1, 400 * 86_400))
def test_labels_promql_and_specs_write_the_same_text(seconds: int) -> None:
    assert duration(seconds) == window(seconds).label == format_duration(seconds)
