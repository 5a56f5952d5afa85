"""How many events a window amounts to, where not all of it has been seen."""

from math import inf
from typing import Final, NamedTuple

from obs.slo.maintenance import NONE, Maintenance
from obs.slo.windows import LEAST_LONG, MINUTE


class Expected(NamedTuple):
    """What is known beforehand of an SLO's events.

    `minutes`: every minute is one event, so a window has as many events as minutes; those without
    data count as good. Otherwise events are counted from `since` (Unix seconds) on: a window that
    began earlier is taken to have had as many events a minute before, all of them good, unless it
    is so short that it only says what happens now. So a new SLO begins with its whole budget, and
    a total outage fires as soon as in an old one. Time of maintenance has no events.
    """

    minutes: bool = False
    since: float = -inf
    maintenance: Maintenance = NONE

    def seen(self, end: float) -> float:
        """Seconds before `end` of which all events were seen: windows up to it need no estimate."""
        return 0.0 if self.minutes else end - self.since

    def events(self, total: float, seconds: float, end: float) -> float:
        """The events of the window that ends at `end`, of which `total` were seen; 0 where none."""
        if not total:
            return 0.0
        begin = end - seconds
        if self.minutes:
            return max(total, (seconds - self.maintenance.seconds(begin, end)) / MINUTE)
        if seconds < LEAST_LONG or begin >= self.since:
            return total
        return self.whole(total, begin, end, end)

    def whole(self, total: float, start: float, end: float, until: float) -> float:
        """The events between `start` and `end`, of which `total` were seen before `until`."""
        out = self.maintenance.seconds
        if self.minutes:
            return max(total, (end - start - out(start, end)) / MINUTE)
        since = max(start, self.since)
        known = max(until - since - out(since, until), MINUTE)
        return total * max((end - start - out(start, end)) / known, 1.0)


ALL_SEEN: Final = Expected()
"""Of an SLO that counts events and has seen all of them."""
