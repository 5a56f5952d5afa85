"""Weeks, months, quarters and years of the calendar in a time zone, and their days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, Literal

from obs.slo.windows import HOUR

PeriodKind = Literal["week", "month", "quarter", "year"]

REPORTED: Final[Mapping[str, PeriodKind]] = {
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
}
"""By how often something is reported the period that it is about."""

_DAY: Final = timedelta(days=1)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar, from `start` to `end` (Unix seconds)."""

    date: date
    start: int
    end: int

    @property
    def hours(self) -> float:
        """Its length: 23 or 25 where clocks change."""
        return (self.end - self.start) / HOUR


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the calendar with all its days, those to come too. `key` sorts by time."""

    key: str
    label: str
    days: tuple[Day, ...]

    @property
    def start(self) -> int:
        """When its first day begins, in Unix seconds."""
        return self.days[0].start

    @property
    def end(self) -> int:
        """When its last day ends, in Unix seconds."""
        return self.days[-1].end


def periods(kind: PeriodKind, now: float, zone: tzinfo, past: int) -> tuple[Period, ...]:
    """The period of `now` (Unix seconds) and `past` ones before it, the present one first."""
    found: list[Period] = []
    of = datetime.fromtimestamp(now, zone).date()
    for _ in range(past + 1):
        first = _FIRST[kind](of)
        after = _FIRST[kind](first + _LONGER[kind])
        key, label = _named(kind, first)
        found.append(Period(key, label, days(first, after, zone)))
        of = first - _DAY
    return tuple(found)


def bounds(kind: PeriodKind, at: float, zone: tzinfo) -> tuple[int, int]:
    """When the period of `at` begins and ends; all three in Unix seconds."""
    first = _FIRST[kind](datetime.fromtimestamp(at, zone).date())
    return midnight(first, zone), midnight(_FIRST[kind](first + _LONGER[kind]), zone)


def days(first: date, after: date, zone: tzinfo) -> tuple[Day, ...]:
    """The days from `first` to the one before `after`, without one that the zone skipped."""
    found: list[Day] = []
    each, start = first, midnight(first, zone)
    while each < after:
        end = midnight(each + _DAY, zone)
        if start < end:
            found.append(Day(each, start, end))
        each, start = each + _DAY, end
    return tuple(found)


def midnight(day: date, zone: tzinfo) -> int:
    """When a day begins, in Unix seconds; where its first hour is skipped, when that is over."""
    return int(datetime.combine(day, time(), zone).timestamp())


def _first_of_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


_FIRST: Final[Mapping[PeriodKind, Callable[[date], date]]] = {
    "week": lambda day: day - day.weekday() * _DAY,
    "month": lambda day: day.replace(day=1),
    "quarter": _first_of_quarter,
    "year": lambda day: day.replace(month=1, day=1),
}
_LONGER: Final[Mapping[PeriodKind, timedelta]] = {
    "week": 7 * _DAY,
    "month": 31 * _DAY,
    "quarter": 92 * _DAY,
    "year": 366 * _DAY,
}
"""From the first day into the next period, whatever their lengths."""


def _named(kind: PeriodKind, first: date) -> tuple[str, str]:
    if kind == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}", f"week {week} of {year}"
    if kind == "year":
        return f"{first.year}", f"{first.year}"
    if kind == "quarter":
        quarter = (first.month + 2) // 3
        return f"{first.year}-Q{quarter}", f"Q{quarter} {first.year}"
    return f"{first.year}-{first.month:02}", f"{_MONTHS[first.month - 1]} {first.year}"
