"""Maintenance windows: time in which events count neither as good nor as bad."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from obs.slo.local_time import moment
from obs.slo.spans import Spans
from obs.slo.windows import DAY

_ONE: Final = timedelta(days=1)
_AHEAD: Final = 400 * DAY
"""Seconds that are worked out at once, before and after what is asked for."""


@dataclass(frozen=True, slots=True)
class Once:
    """From one moment to another, as clocks in `zone` show them."""

    begin: datetime
    until: datetime
    zone: tzinfo

    def occurrences(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        """When it is, as Unix seconds."""
        yield moment(self.begin, self.zone), moment(self.until, self.zone, last=True)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Begins on these `days` (0 is Monday) as clocks in `zone` show `begin`.

    It ends at the next `until`, on the next day where that is not later than `begin`.
    """

    days: frozenset[int]
    begin: time
    until: time
    zone: tzinfo

    def occurrences(self, first: date, last: date) -> Iterator[tuple[int, int]]:
        """Those that begin on a day from `first` to `last`, as Unix seconds."""
        overnight = _ONE if self.until <= self.begin else timedelta()
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day.weekday() in self.days:
                begin = datetime.combine(day, self.begin)
                until = datetime.combine(day + overnight, self.until)
                yield moment(begin, self.zone), moment(until, self.zone, last=True)


class Maintenance:
    """All maintenance windows of an SLO. What they are is worked out for years at a time."""

    __slots__ = ("_known", "_rules")

    def __init__(self, rules: Iterable[Once | Weekly] = ()) -> None:
        self._rules: Final = tuple(rules)
        self._known = 0.0, 0.0, Spans()

    def __bool__(self) -> bool:
        return bool(self._rules)

    def spans(self, start: float, end: float) -> Spans:
        """Those that may touch the time between two moments (Unix seconds), and others."""
        first, last, spans = self._known
        if not first <= start <= end <= last:
            first, last = max(start - _AHEAD, 0.0), end + _AHEAD
            days = _day_of(first) - 2 * _ONE, _day_of(last) + 2 * _ONE
            spans = Spans(s for rule in self._rules for s in rule.occurrences(*days))
            self._known = first, last, spans
        return spans

    def covers(self, minute: int) -> bool:
        """Whether the minute that begins at `minute` (Unix seconds) is within one."""
        return bool(self._rules) and self.spans(minute, minute).covers(minute)

    def seconds(self, start: float, end: float) -> float:
        """Seconds of maintenance between two moments (Unix seconds)."""
        if not self._rules or end <= start:
            return 0.0
        return self.spans(max(start, 0.0), end).seconds(start, end)


NONE: Final = Maintenance()


def _day_of(moment_: float) -> date:
    return date(1970, 1, 1) + timedelta(days=moment_ // DAY)
