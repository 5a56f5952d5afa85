"""A report as values, made from the events of objectives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from obs.slo.accounts import PeriodAccount, account
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.history import History
from obs.slo.incidents import WINDOW, Incident, incidents, within
from obs.slo.periods import Period, PeriodKind, periods

_LATE: Final = WINDOW
"""Seconds after an incident in which an alert that it caused may begin to fire."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One objective and its events. `notes` are sentences on what is not known; `window` is that
    of its error budget: `30d`, or a period of the calendar.

    `object` is what it is for, of an SLO over many objects. `labels` (team and owner among them)
    and `links` are those that the spec gives it.
    """

    name: str
    service: str
    description: str
    sli: str
    objective_percent: float
    history: History
    notes: tuple[str, ...] = ()
    window: str = ""
    object: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert on an objective that fired from `start` to `end` (Unix seconds)."""

    slo: str
    service: str
    alert: str
    severity: str
    start: float
    end: float
    object: str = ""


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """An incident, or the part of it that is in the period.

    `spent` is its share of the period's error budget; `alerts` are those that fired meanwhile.
    """

    incident: Incident
    spent: float | None
    alerts: tuple[Fired, ...]


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """One period of one objective; incidents are the oldest first."""

    account: PeriodAccount
    objective: float
    incidents: tuple[IncidentReport, ...]
    alerts: tuple[Fired, ...]

    @property
    def met(self) -> bool | None:
        """Whether the objective is reached in what is known; None where nothing was counted."""
        of = self.account
        if not of.total:
            return None
        return of.bad <= (of.total + of.missing) * error_budget(self.objective)


@dataclass(frozen=True, slots=True)
class ObjectiveReport:
    """One objective over all periods, the present one first."""

    measured: Measured
    periods: tuple[PeriodReport, ...]

    @property
    def called(self) -> str:
        """Service and name."""
        of = f" of {self.measured.object}" if self.measured.object else ""
        return f"{self.measured.service}/{self.measured.name}{of}"


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `at` is when it was made (Unix seconds), `origin` says where the numbers are from.

    `knows_alerts`: whether it was asked which alerts fired.
    """

    system: str
    environment: str
    at: float
    origin: str
    zone: ZoneInfo
    kind: PeriodKind
    objectives: tuple[ObjectiveReport, ...]
    knows_alerts: bool = False

    def local(self, moment: float) -> datetime:
        """A moment (Unix seconds) in the report's time zone."""
        return datetime.fromtimestamp(moment, self.zone)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which periods a report has: the present one and `last` before it, in a time zone.

    Without the present one where they have to have `ended`.
    """

    kind: PeriodKind
    zone: ZoneInfo
    last: int
    ended: bool = False

    def periods(self, at: float) -> tuple[Period, ...]:
        """The periods at a moment (Unix seconds), the newest first."""
        found = periods(self.kind, at, self.zone, self.last + self.ended)
        return found[1:] if self.ended else found


def objective_reports(
    measured: Sequence[Measured], asked: Asked, at: float, fired: Iterable[Fired] = ()
) -> tuple[ObjectiveReport, ...]:
    """The reports of these objectives at a moment (Unix seconds)."""
    alerts = tuple(fired)
    return tuple(_of_objective(each, asked, at, alerts) for each in measured)


def _of_objective(
    measured: Measured, asked: Asked, at: float, alerts: tuple[Fired, ...]
) -> ObjectiveReport:
    objective, history = objective_ratio(measured.objective_percent), measured.history
    key = measured.name, measured.service, measured.object
    own = [e for e in alerts if (e.slo, e.service, e.object) == key]
    found = incidents(history, objective)
    return ObjectiveReport(
        measured,
        tuple(
            _of_period(account(history, objective, period, at), objective, history, found, own)
            for period in asked.periods(at)
        ),
    )


def _of_period(
    of: PeriodAccount,
    objective: float,
    history: History,
    found: Iterable[Incident],
    alerts: Sequence[Fired],
) -> PeriodReport:
    start, end = of.period.start, of.period.end
    parts = (within(each, history, start, end) for each in found)
    return PeriodReport(
        of,
        objective,
        tuple(_of_incident(each, of, alerts) for each in parts if each),
        tuple(each for each in alerts if each.start < end and start < each.end),
    )


def _of_incident(incident: Incident, of: PeriodAccount, alerts: Sequence[Fired]) -> IncidentReport:
    spent = None if of.spent is None or of.budget is None else incident.bad / of.budget
    meanwhile = (
        each for each in alerts if each.start < incident.end + _LATE and incident.start < each.end
    )
    return IncidentReport(incident, spent, tuple(meanwhile))
