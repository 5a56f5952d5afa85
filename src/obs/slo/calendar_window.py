"""An SLO's window that is a period of the calendar: its budget is whole again at each begin."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

from obs.slo.periods import PeriodKind, bounds
from obs.slo.windows import DAY

NOMINAL_DAYS: Final[Mapping[PeriodKind, int]] = {"week": 7, "month": 30, "quarter": 90, "year": 365}
"""The length by which burn rates are judged, so that alert rules need no calendar."""
LONGEST_DAYS: Final[Mapping[PeriodKind, int]] = {
    "week": 7,
    "month": 31,
    "quarter": 92,
    "year": 366,
}
_AFTERWARDS: Final = 31 * DAY
"""For so long a whole period can be reported after its end."""


class CalendarWindow:
    """Periods of the calendar in a time zone; a week begins on Monday."""

    __slots__ = ("_last", "kept_seconds", "kind", "zone")

    def __init__(self, kind: PeriodKind, zone: tzinfo) -> None:
        self.kind: Final = kind
        self.zone: Final = zone
        self.kept_seconds: Final = LONGEST_DAYS[kind] * DAY + _AFTERWARDS
        self._last = 0, 0

    def bounds(self, at: float) -> tuple[int, int]:
        """When the period of a moment begins and ends; all in Unix seconds."""
        start, end = self._last
        if not start <= at < end:
            self._last = start, end = bounds(self.kind, at, self.zone)
        return start, end
