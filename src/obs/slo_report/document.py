"""A report as a document for programs.

Times are ISO 8601 with the offset of the report's time zone, ratios 0 to 1 and more, durations
seconds. What is not known is null.
"""

from typing import Any

from obs.slo_report.report import Fired, IncidentReport, ObjectiveReport, PeriodReport, Report
from obs.slo_report.words import result


def as_document(report: Report) -> dict[str, Any]:
    """What json.dumps takes."""
    return {
        "report_version": 1,
        "system": report.system,
        "environment": report.environment,
        "generated_at": _time(report, report.at),
        "origin": report.origin,
        "timezone": report.zone.key,
        "period": report.kind,
        "objectives": [_objective(report, each) for each in report.objectives],
    }


def _objective(report: Report, objective: ObjectiveReport) -> dict[str, Any]:
    of = objective.measured
    return {
        "name": of.name,
        "service": of.service,
        "object": of.object or None,
        "labels": dict(of.labels),
        "links": dict(of.links),
        "description": of.description,
        "sli": of.sli,
        "counts": "minutes" if of.history.minutes else "events",
        "objective_percent": of.objective_percent,
        "window": of.window,
        "known_from": _time(report, of.history.known_from),
        "known_until": _time(report, of.history.known_until),
        "notes": list(of.notes),
        "periods": [_period(report, each) for each in objective.periods],
    }


def _period(report: Report, period: PeriodReport) -> dict[str, Any]:
    of = period.account
    known = of.known_from is not None
    return {
        "period": of.period.key,
        "start": _time(report, of.period.start),
        "end": _time(report, of.period.end),
        "so_far": of.so_far,
        "known_from": _time(report, of.known_from),
        "known_until": _time(report, of.known_until),
        "complete": of.complete,
        "result": result(period),
        "met": period.met,
        "reached": of.reached,
        "bad": of.bad if known else None,
        "total": of.total if known else None,
        "missing_minutes": of.missing if known else None,
        "maintenance_seconds": of.maintenance if known else None,
        "budget_events": of.budget,
        "budget_spent": of.spent,
        "days": [
            {
                "date": day.day.date.isoformat(),
                "hours": day.day.hours,
                "known": day.known,
                "bad": day.bad if day.known else None,
                "total": day.total if day.known else None,
                "reached": day.reached,
                "budget_spent": day.spent if day.known else None,
            }
            for day in of.days
        ],
        "incidents": [_incident(report, each) for each in period.incidents],
        "alerts": [_fired(report, each) for each in period.alerts] if report.knows_alerts else None,
    }


def _incident(report: Report, incident: IncidentReport) -> dict[str, Any]:
    of = incident.incident
    return {
        "start": _time(report, of.start),
        "end": _time(report, of.end),
        "ongoing": of.ongoing,
        "worst_burn_rate": of.worst_burn,
        "bad": of.bad,
        "budget_spent": incident.spent,
        "alerts": [_fired(report, each) for each in incident.alerts]
        if report.knows_alerts
        else None,
    }


def _fired(report: Report, fired: Fired) -> dict[str, Any]:
    return {
        "alert": fired.alert,
        "severity": fired.severity,
        "start": _time(report, fired.start),
        "end": _time(report, fired.end),
    }


def _time(report: Report, at: float | None) -> str | None:
    return None if at is None else report.local(at).isoformat(timespec="seconds")
