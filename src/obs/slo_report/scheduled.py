"""Reports that are written when a period of the calendar has ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from obs.folder import Folder
from obs.slo.periods import Period
from obs.slo.windows import HOUR
from obs.slo_report.report import Asked, Measured, Report, objective_reports

_ENDINGS: Final = {"html": "html", "markdown": "md", "text": "txt", "json": "json"}
_PATIENCE: Final = 3 * HOUR
"""Seconds that a report waits for SLOs whose data of the period is not complete."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose report it is: the system, its environment, and the name that both have in files."""

    system: str
    environment: str
    known_as: str


class ScheduledReport:
    """One file for each period that has ended. A file that is there is not written again."""

    def __init__(
        self,
        of: Identity,
        folder: Path,
        asked: Asked,
        format_: str,
        render: Callable[[Report], str],
    ) -> None:
        """`asked` has to be about periods that have ended."""
        self._of = of
        self._folder = folder
        self._asked = asked
        self._ending = _ENDINGS[format_]
        self._render = render
        self._begun: float | None = None

    def due(self, at: float) -> Period | None:
        """The period that ended last before a moment (Unix seconds), if it has no file."""
        self._begun = at if self._begun is None else self._begun
        period = self._asked.periods(at)[0]
        return None if (self._folder / self._name(period)).exists() else period

    def write(self, measured: Sequence[Measured], at: float, origin: str) -> Path | None:
        """Write the report of the period that is due, and return the file.

        None where none is due, where nothing is known of the period, or where the data of an SLO
        may still come: that is waited for, for three hours. Raises OSError, and BadInput where the
        file is refused.
        """
        period = self.due(at)
        known = [each for each in measured if _knows(each, period)] if period else []
        if period is None or not known or self._waits(known, period, at):
            return None
        report = Report(
            system=self._of.system,
            environment=self._of.environment,
            at=at,
            origin=origin,
            zone=self._asked.zone,
            kind=self._asked.kind,
            objectives=objective_reports(measured, self._asked, at),
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        Folder(self._folder).write({self._name(period): self._render(report)})
        return self._folder / self._name(period)

    def _waits(self, known: Sequence[Measured], period: Period, at: float) -> bool:
        if at >= max(period.end, self._begun or 0.0) + _PATIENCE:
            return False
        return any(each.notes or (each.history.known_until or 0) < period.end for each in known)

    def _name(self, period: Period) -> str:
        return f"slo-report-{self._of.known_as}-{period.key}.{self._ending}"


def _knows(measured: Measured, period: Period) -> bool:
    known = measured.history.known_from
    return known is not None and known < period.end
