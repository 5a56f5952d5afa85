"""Values as Grafana writes them."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.dashboard_preview.units import Moment, fixed, formatted

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()
MOMENT = Moment(NOW, UTC)


def written(value: float, unit: str, decimals: int | None = None) -> str:
    return str(formatted(value, unit, decimals, MOMENT))


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        # from the tests of Grafana's own formatters
        (1532.82, "currencyUSD", 2, "$1.53K"),
        (-0.5, "currencyUSD", 2, "-$0.50"),
        (0.0024, "ms", 4, "0.0024 ms"),
        (100, "ms", 0, "100 ms"),
        (1250, "ms", 2, "1.25 s"),
        (10_000_086.123, "ms", 1, "2.8 hours"),
        (1200, "ms", 0, "1 s"),
        (10_000_000, "kbytes", 3, "9.537 GiB"),
        (98_765, "short", 2, "98.77 K"),
        (9_876_543, "short", 6, "9.876543 Mil"),
        (1, "dtdurations", 0, "1 second"),
        (129_600, "dtdurations", 2, "1 day, 12 hours, 0 minutes"),
        (38_898_367_008, "dtdurationms", 1, "1 year, 2 months"),
        (36_993_906_007, "dtdurationms", 3, "1 year, 2 months, 0 weeks, 3 days"),
        (-1, "dtdurationms", 0, "1 millisecond ago"),
        (0, "dtdurationms", 0, "0 milliseconds"),
        (1, "dthms", None, "00:00:01"),
        (-1, "dthms", None, "00:00:01 ago"),
        # its automatic decimals
        (0, "short", None, "0"),
        (0.5, "short", None, "0.500"),
        (1.5, "short", None, "1.50"),
        (1200, "short", None, "1.20 K"),
        (100.4, "none", None, "100"),
        (100.5, "none", None, "101"),
        (90, "s", None, "1.50 mins"),
        (8_280, "s", None, "2.30 hours"),
        (86_400, "s", None, "1 days"),
        (0.25, "s", None, "250 ms"),
        (0.000_25, "s", None, "250 µs"),
        (0, "s", None, "0 s"),
        (-90, "s", 1, "-1.5 mins"),
        (0.95, "percentunit", None, "95%"),
        (0.95, "percentunit", 1, "95.0%"),
        (99.95, "percent", 2, "99.95%"),
        (1_509_949, "bytes", 2, "1.44 MiB"),
        (0, "bytes", None, "0 B"),
        (1_440_000, "decbytes", 2, "1.44 MB"),
        (1_234, "cps", None, "1.23K c/s"),
        (12, "ops", None, "12 ops/s"),
        (12, "reqps", None, "12 req/s"),
        (1_234_567.891, "locale", None, "1,234,567.891"),
        (1_234_567, "locale", None, "1,234,567"),
        (1, "bool", None, "True"),
        (0, "bool_on_off", None, "Off"),
        (1, "bool:up/down", None, "up"),
        (0, "bool:up/down", None, "down"),
        (12, "suffix:messages", None, "12 messages"),
        (12, "prefix:#", None, "#12"),
        (12, "messages", None, "12 messages"),
        (1_234, "count:msg", 1, "1.2K msg"),
        (1_234, "si:m", 2, "1.23 km"),
        (3, "", None, "3"),
        ((NOW - 86_400) * 1000, "dateTimeAsIso", None, "2026-11-20 12:00:00"),
        ((NOW - 60) * 1000, "dateTimeAsIsoNoDateIfToday", None, "11:59:00"),
        ((NOW - 2) * 1000, "dateTimeFromNow", None, "a few seconds ago"),
        ((NOW - 60) * 1000, "dateTimeFromNow", None, "a minute ago"),
        ((NOW - 120) * 1000, "dateTimeFromNow", None, "2 minutes ago"),
        ((NOW - 7 * 86_400) * 1000, "dateTimeFromNow", None, "7 days ago"),
        ((NOW + 7_200) * 1000, "dateTimeFromNow", None, "in 2 hours"),
        (1e30, "dateTimeAsIso", None, "Invalid date"),
        (math.inf, "s", None, "∞"),
        (-math.inf, "short", None, "-∞"),
        (math.nan, "percent", 1, "NaN"),
    ],
)
def test_a_value_is_written_as_grafana_writes_it(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    assert written(value, unit, decimals) == text


def test_halves_are_rounded_up_and_not_to_even() -> None:
    assert [fixed(value, 0) for value in (0.5, 1.5, 2.5)] == ["1", "2", "3"]


def test_nothing_is_less_than_no_decimals() -> None:
    assert fixed(186.123, -2) == "186"


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e18, max_value=1e18)
UNITS = ("short", "s", "ms", "bytes", "percent", "cps", "currencyUSD", "none", "dtdurations")


@given(NUMBERS, st.sampled_from(UNITS), st.one_of(st.none(), st.integers(0, 6)))
def test_every_number_can_be_written(value: float, unit: str, decimals: int | None) -> None:
    assert any(letter.isdigit() for letter in written(value, unit, decimals))


@given(NUMBERS, st.integers(0, 6))
def test_so_many_decimals_are_shown_as_were_asked_for(value: float, decimals: int) -> None:
    assert len(fixed(value, decimals).partition(".")[2]) == decimals


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_a_time_never_needs_more_than_four_digits_before_the_point(value: float) -> None:
    assert len(formatted(value, "s", 0, MOMENT).text) <= 4
