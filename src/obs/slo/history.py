"""The past of an SLO: its events in even steps, and from when to when they are known."""

from dataclasses import dataclass
from typing import Final

from obs.slo.spans import Spans
from obs.slo.windows import MINUTE

STEP: Final = 15 * MINUTE
"""Seconds in a step: what a ledger keeps for the whole window of an SLO."""


NO_SPANS: Final = Spans()


@dataclass(frozen=True, slots=True)
class History:
    """Events by steps of STEP seconds, the first of which begins at `start` (Unix seconds).

    `bad[i]` of `total[i]` events. They are known between `known_from` and `known_until` (Unix
    seconds); both None where nothing is. `minutes`: each minute is one event, so that the number of
    events is known beforehand, and a minute without data counts as good. In `maintenance` no time
    counts.
    """

    start: int
    bad: tuple[float, ...]
    total: tuple[float, ...]
    known_from: float | None
    known_until: float | None
    minutes: bool = False
    maintenance: Spans = NO_SPANS

    def counted(self, start: float, end: float) -> float:
        """Seconds that count between two moments (Unix seconds)."""
        return end - start - self.maintenance.seconds(start, end)

    def between(self, start: float, end: float) -> range:
        """The steps that begin between both moments (Unix seconds)."""
        first = -int(-(start - self.start) // STEP)
        after = -int(-(end - self.start) // STEP)
        size = len(self.total)
        return range(min(max(first, 0), size), min(max(after, 0), size))

    def begin_of(self, step: int) -> int:
        """When a step begins, in Unix seconds."""
        return self.start + step * STEP

    def weights(self) -> tuple[float, ...]:
        """The events that each step counts for."""
        least = STEP / MINUTE
        return tuple(max(each, least) for each in self.total) if self.minutes else self.total
