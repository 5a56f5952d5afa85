"""The time that counts for an SLO, as its spec says."""

from collections.abc import Callable, Iterable
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

from obs.slo.calendar_window import LONGEST_DAYS, CalendarWindow
from obs.slo.counting import Counting
from obs.slo.local_time import moment
from obs.slo.maintenance import Maintenance, Once, Weekly
from obs.slo.periods import REPORTED
from obs.slo.windows import DAY
from obs.spec.maintenance import MaintenanceWindow, local_moment
from obs.spec.slos import Slo
from obs.spec.system import System

_LATE: Final = 7 * DAY
"""For so long after a period its report can still be written, should the collector be down."""


def counting_in(system: System) -> Callable[[Slo], Counting]:
    """The time that counts for each SLO of a system, with what its reports need."""
    report = system.outputs.slo_report
    kept = LONGEST_DAYS[REPORTED[report.every]] * DAY + _LATE if report else 0.0
    return lambda slo: counting_of(slo, system.maintenance, kept)


def counting_of(
    slo: Slo, of_system: Iterable[MaintenanceWindow] = (), kept_seconds: float = 0.0
) -> Counting:
    """The time that counts; `of_system` are the maintenance windows of all SLOs."""
    zone = ZoneInfo(slo.timezone)
    windows = (*of_system, *slo.maintenance)
    return Counting(
        slo.window,
        slo.window_label,
        start=moment(local_moment(slo.start), zone) if slo.start else 0.0,
        maintenance=Maintenance(_rule(each, zone) for each in windows),
        calendar=CalendarWindow(slo.calendar, zone) if slo.calendar else None,
        kept_seconds=kept_seconds,
    )


def _rule(of: MaintenanceWindow, default: ZoneInfo) -> Once | Weekly:
    zone = ZoneInfo(of.timezone) if of.timezone else default
    if of.recurs:
        begin, until = (time.fromisoformat(each) for each in (of.begin, of.until))
        return Weekly(of.weekdays, begin, until, zone)
    return Once(local_moment(of.begin), local_moment(of.until), zone)
