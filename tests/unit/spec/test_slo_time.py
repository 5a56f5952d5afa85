"""Windows, start, maintenance and missing data of SLOs in a spec."""

from collections.abc import Callable
from typing import Any

import pytest

from obs.spec.system import System

SPEC = """\
version: 1
system: orders
sources:
  prometheus:
    metrics: {url: http://prometheus:9090}
slos:
  - name: paid
    service: orders
    objective: 99.9
    FIELD
    sli: {prometheus_minutes: {source: metrics, holds: up}}
"""


@pytest.mark.parametrize(
    ("field", "seconds", "label"),
    [
        ("window: 1h", 3600, "1h"),
        ("window: 400d", 34_560_000, "400d"),
        ("calendar: week", 604_800, "calendar week (UTC)"),
        ("calendar: month", 2_592_000, "calendar month (UTC)"),
        ("calendar: quarter", 7_776_000, "calendar quarter (UTC)"),
        ("{calendar: year, timezone: Asia/Kolkata}", 31_536_000, "calendar year (Asia/Kolkata)"),
    ],
)
def test_a_window_is_rolling_or_a_period_of_the_calendar(
    loaded: Callable[..., System], field: str, seconds: float, label: str
) -> None:
    lines = field.strip("{}").replace(", ", "\n    ")
    (slo,) = loaded(SPEC.replace("FIELD", lines)).slos
    assert (slo.window, slo.window_label) == (seconds, label)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("calendar: monat", "year; did you mean month?"),
        ("timezone: Europe/Berln", "did you mean Europe/Berlin?"),
        ("start: 2026-02-30", "start: 2026-02-30 is not a date of the calendar"),
        ("start: soon", "write a date, or a date and a time"),
        ("missing: worse", "is not one of the choices: ignore, bad, good"),
        ("{calendar: month, window: 7d}", "calendar: needs window or calendar, and not both"),
        ('maintenance: [{from: "22:00"}]', "until: is missing"),
        ('maintenance: [{from: "22:00", until: 2026-12-25T06:00}]', "write two times of day"),
        ('maintenance: [{from: "22:00", until: "22:00"}]', "covers all hours of all days"),
        (
            "maintenance: [{from: 2026-12-25T06:00, until: 2026-12-24T22:00}]",
            "2026-12-24T22:00 is not later than 2026-12-25T06:00",
        ),
        (
            "maintenance: [{days: [sunday], from: 2026-12-24T22:00, until: 2026-12-25T06:00}]",
            "it happens once; leave days out",
        ),
        ('maintenance: [{from: "22", until: "23:00"}]', "write a time of day in quotes"),
    ],
)
def test_what_is_wrong_about_time_is_said_in_one_line(
    complaints: Callable[..., list[str]], field: str, words: str
) -> None:
    lines = field.strip("{}") if field[0] == "{" else field
    (told,) = complaints(SPEC.replace("FIELD", lines.replace(", window", "\n    window")))
    assert words in told


def test_where_silence_means_no_events_none_can_be_missing(
    complaints: Callable[..., list[str]],
) -> None:
    text = """\
version: 1
system: orders
sources:
  aws: {shop: {region: eu-west-1, buses: [{name: shop, rules: [paid]}]}}
slos:
  - name: delivery
    service: orders
    objective: 99.9
    missing: bad
    sli: {eventbridge: {source: shop, bus: shop}}
"""
    (told,) = complaints(text)
    assert told == (
        "a.yaml:9: slos[0].missing: a minute without data of eventbridge had no events, so none "
        "is missing; leave missing out"
    )


@pytest.mark.parametrize(
    ("missing", "expected"), [("", True), ("missing: good", True), ("missing: ignore", False)]
)
def test_minutes_without_data_are_good_unless_said_otherwise(
    loaded: Callable[..., Any], missing: str, expected: bool
) -> None:
    (slo,) = loaded(SPEC.replace("FIELD", missing)).slos
    assert slo.expects_minutes == expected


def test_reports_are_in_the_time_zone_of_the_calendar(loaded: Callable[..., System]) -> None:
    berlin = SPEC.replace("FIELD", "calendar: month\n    timezone: Europe/Berlin")
    assert loaded(berlin).report_zone == "Europe/Berlin"
    assert loaded(SPEC.replace("FIELD", "timezone: Europe/Berlin")).report_zone == "UTC"
