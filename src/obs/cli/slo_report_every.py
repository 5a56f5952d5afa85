"""SLO reports that are written whenever a period has ended: by a collector, or beside it."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from obs.cli.terminal import say

if TYPE_CHECKING:
    from obs.slo_report.report import Measured, Report
    from obs.slo_report.scheduled import ScheduledReport
    from obs.spec.system import System
    from obs.web.slo_history import SloPast

_BEFORE: Final = 2  # periods before the one that a report is about
_LOOK_EVERY: Final = 60.0


def scheduled(
    system: "System",
    every: str,
    folder: Path,
    format_: str,
    render: "Callable[[Report, str], str]",
    *,
    zone: ZoneInfo | None,
) -> "ScheduledReport":
    """The reports of a system; `zone` None: that of its SLOs."""
    from obs.slo.periods import REPORTED
    from obs.slo_report.report import Asked
    from obs.slo_report.scheduled import Identity, ScheduledReport

    return ScheduledReport(
        Identity(system.system, system.environment, system.known_as),
        folder,
        Asked(REPORTED[every], zone or ZoneInfo(system.report_zone), _BEFORE, ended=True),
        format_,
        lambda report: render(report, format_),
    )


class CollectorReports:
    """Writes the reports on the SLOs of a collector."""

    def __init__(self, reports: "ScheduledReport") -> None:
        self._reports = reports

    def due(self, at: float) -> object | None:
        """The period that has no file at a moment (Unix seconds)."""
        return self._reports.due(at)

    def write(self, slos: "Sequence[SloPast]", at: float) -> Path | None:
        """Write its report, unless data may still come."""
        from obs.slo_report.told import measured

        return self._reports.write([measured(each) for each in slos], at, "the collector")


def of_collector(
    system: "System", render: "Callable[[Report, str], str]"
) -> CollectorReports | None:
    """The reports that the spec asks its collector for."""
    of = system.outputs.slo_report
    if of is None:
        return None
    zone = ZoneInfo(of.timezone) if of.timezone else None
    return CollectorReports(
        scheduled(system, of.every, Path(of.directory), of.format, render, zone=zone)
    )


def write_forever(
    reports: "ScheduledReport",
    read: "Callable[[], tuple[Sequence[Measured], str, float]]",
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write each report when it is due, until interrupted. Prints a failure, and tries again."""
    from obs.errors import ObsError

    while True:
        if reports.due(time.time()):
            try:
                measured, origin, at = read()
                if file := reports.write(measured, at, origin):
                    say(f"Wrote {file}")
            except (OSError, ObsError) as error:
                print(f"obs: the SLO report is not written: {error}", file=sys.stderr, flush=True)
        sleep(_LOOK_EVERY)
