"""How many events a window amounts to, where not all of it has been seen."""

from math import inf
from typing import Final, NamedTuple

from obs.slo.windows import LEAST_LONG, MINUTE


class Expected(NamedTuple):
    """What is known beforehand of an SLO's events.

    `minutes`: every minute is one event, so a window has as many events as minutes; those without
    data count as good. Otherwise events are counted from `since` (Unix seconds) on: a window that
    began earlier is taken to have had as many events a minute before, all of them good, unless it
    is so short that it only says what happens now. So a new SLO begins with its whole budget, and
    a total outage fires as soon as in an old one.
    """

    minutes: bool = False
    since: float = -inf

    def seen(self, end: float) -> float:
        """Seconds before `end` of which all events were seen: windows up to it need no estimate."""
        return 0.0 if self.minutes else end - self.since

    def events(self, total: float, seconds: float, end: float) -> float:
        """The events of the window that ends at `end`, of which `total` were seen; 0 where none."""
        if not total:
            return 0.0
        if self.minutes:
            return max(total, seconds / MINUTE)
        known = max(end - self.since, MINUTE)
        return total * seconds / known if known < seconds >= LEAST_LONG else total


ALL_SEEN: Final = Expected()
"""Of an SLO that counts events and has seen all of them."""
