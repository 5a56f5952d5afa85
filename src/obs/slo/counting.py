"""Which time counts for an SLO: its window, its start, and not its maintenance."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from obs.slo.calendar_window import CalendarWindow
from obs.slo.cumulative import Counts
from obs.slo.maintenance import NONE, Maintenance
from obs.slo.windows import DAY, MINUTE

Events = Mapping[int, Counts]
"""(good, total) by the start of their minute, or longer bucket, in Unix seconds."""

_JUDGED: Final = 3 * DAY
"""Burn rates look back so far, also over the begin of a calendar period."""


class BudgetPeriod(NamedTuple):
    """The part of a calendar period that counts, from `start` to `end` (Unix seconds)."""

    label: str
    start: float
    end: float


class Counting:
    """The time that counts for one SLO.

    Events before `start` (Unix seconds) do not count; nor do those of a minute of which any part
    is maintenance.
    """

    __slots__ = ("calendar", "kept_seconds", "label", "maintenance", "seconds", "start")

    def __init__(
        self,
        seconds: float,
        label: str = "",
        *,
        start: float = 0.0,
        maintenance: Maintenance = NONE,
        calendar: CalendarWindow | None = None,
        kept_seconds: float = 0.0,
    ) -> None:
        """`seconds` is the window's length, of a calendar one its nominal length.

        `kept_seconds`: how far back events are kept at least.
        """
        self.seconds: Final = seconds
        self.label: Final = label
        self.start: Final = -int(-start // MINUTE) * MINUTE
        self.maintenance: Final = maintenance
        self.calendar: Final = calendar
        own = calendar.kept_seconds if calendar else seconds
        self.kept_seconds: Final = max(own, kept_seconds)

    def period(self, at: float) -> BudgetPeriod | None:
        """The calendar period of a moment (Unix seconds), from the start on; None if rolling."""
        if self.calendar is None:
            return None
        start, end = self.calendar.bounds(at)
        return BudgetPeriod(self.label, min(max(start, self.start), end), end)

    def needed_from(self, at: float) -> float:
        """From when on the windows that end at a moment need events; both Unix seconds."""
        begin = at - self.seconds
        if self.calendar is not None:
            begin = min(self.calendar.bounds(at)[0], at - min(_JUDGED, self.seconds))
        return max(begin, self.start)

    def counts(self, minute: int) -> bool:
        """Whether the minute that begins at `minute` (Unix seconds) counts."""
        return minute >= self.start and not self.maintenance.covers(minute)

    def share(self, start: int, seconds: int) -> float:
        """The share that counts of the bucket that begins at `start` (Unix seconds)."""
        end = start + seconds
        begin = max(start, self.start)
        if begin >= end:
            return 0.0
        return (end - begin - self.maintenance.seconds(begin, end)) / seconds

    def of_minutes(self, minutes: Events) -> Events:
        """Only the minutes that count."""
        if not self.maintenance and not self.start:
            return minutes
        return {start: events for start, events in minutes.items() if self.counts(start)}

    def of_buckets(self, step: int, buckets: Events) -> Events:
        """The events that count of longer buckets.

        One that is partly maintenance has its share: where in it its events were is not known.
        """
        if step == MINUTE or (not self.maintenance and not self.start):
            return self.of_minutes(buckets)
        found: dict[int, Counts] = {}
        for start, (good, total) in buckets.items():
            if share := self.share(start, step):
                found[start] = good * share, total * share
        return found
