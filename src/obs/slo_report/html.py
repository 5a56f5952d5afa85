"""A report as one HTML page: no script, nothing loaded, readable on a phone and on paper."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from obs.slo_report import words
from obs.slo_report.charts import budget_left, spent_by_day
from obs.slo_report.report import IncidentReport, ObjectiveReport, PeriodReport, Report

_SHADES: Final = {
    "met": "good",
    "on track": "good",
    "missed": "bad",
    "budget exhausted": "bad",
    "below so far": "warn",
}


def as_html(report: Report) -> str:
    """The page."""
    title = escape(words.heading(report))
    body = [
        f"<header><h1>{title}</h1><p>{escape(words.about(report))}</p></header>",
        *_summary(report),
        *(part for each in report.objectives for part in _objective(report, each)),
        "<footer>",
        *(f"<p>{escape(note)}</p>" for note in words.FOOTNOTES),
        "</footer>",
    ]
    style, policy = _style()
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and the policy that allows it and nothing else."""
    style = files("obs.slo_report").joinpath("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, f"default-src 'none'; style-src 'sha256-{digest}'"


def _summary(report: Report) -> Iterator[str]:
    """All objectives in the present period, where there are several."""
    if len(report.objectives) < 2:
        return
    label = words.titled(report.objectives[0].periods[0])
    yield f"<section><h2>{escape(label)}</h2>"
    rows = [
        (
            f'<a href="#{_anchor(number)}">{escape(each.called)}</a>',
            *_figures(each.periods[0], each.measured.objective_percent),
        )
        for number, each in enumerate(report.objectives)
    ]
    yield from _table(("Objective", "Result", "Reached", "Promised", "Budget spent"), rows)
    yield "</section>"


def _anchor(number: int) -> str:
    return f"slo-{number + 1}"


def _figures(period: PeriodReport, objective_percent: float) -> tuple[str, ...]:
    of = period.account
    return (
        _badge(words.result(period)),
        escape(words.percent_reached(of.reached, objective_percent)),
        escape(words.objective(objective_percent)),
        escape(words.share(of.spent)),
    )


def _badge(result: str) -> str:
    return f'<span class="badge {_SHADES.get(result, "none")}">{escape(result)}</span>'


def _objective(report: Report, objective: ObjectiveReport) -> Iterator[str]:
    of = objective.measured
    number = report.objectives.index(objective)
    yield f'<section class="slo" id="{_anchor(number)}"><h2>{escape(objective.called)}</h2>'
    promised = f"<strong>{escape(words.objective(of.objective_percent))}</strong>"
    about = f" {escape(of.description)}" if of.description else ""
    yield f"<p>Promised: {promised} of {escape(of.sli + words.over(of.window))}.{about}</p>"
    facts = [f"{escape(name)}: {escape(value)}" for name, value in words.ownership(of)]
    if facts := [*facts, *(_link(name, url) for name, url in of.links)]:
        yield f'<p class="facts">{" · ".join(facts)}</p>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in words.known(report, objective))
    rows = [
        (
            escape(words.titled(each)),
            *_figures(each, of.objective_percent),
            *_counts(each),
        )
        for each in objective.periods
    ]
    yield from _table(
        ("Period", "Result", "Reached", "Promised", "Budget spent", "Bad", "Incidents"), rows
    )
    for period in objective.periods:
        yield from _period(report, period, minutes=of.history.minutes)
    yield "</section>"


def _link(name: str, url: str) -> str:
    to = words.address(url)
    if to is None:
        return f"{escape(name)}: {escape(url)}"
    return f'<a href="{escape(to)}" rel="noopener noreferrer">{escape(name)}</a>'


def _counts(period: PeriodReport) -> tuple[str, str]:
    of = period.account
    if of.known_from is None:
        return "", ""
    return f"{words.events(of.bad)} of {words.events(of.total)}", str(len(period.incidents))


def _period(report: Report, period: PeriodReport, *, minutes: bool) -> Iterator[str]:
    of = period.account
    if of.known_from is None:
        return
    yield f'<div class="period"><h3>{escape(words.titled(period))}</h3>'
    facts = " ".join(words.facts(report, period, minutes=minutes))
    if facts:
        yield f'<p class="facts">{escape(facts)}</p>'
    if of.spent is not None:
        yield '<div class="charts">'
        yield spent_by_day(of)
        yield budget_left(of)
        yield "</div>"
    incidents, more = words.told(period)
    if incidents:
        head: tuple[str, ...] = ("Incident", "Worst burn rate", "Budget spent")
        rows = [_incident(report, each) for each in incidents]
        if report.knows_alerts:
            head = (*head, "Alerts")
        yield from _table(head, [row[: len(head)] for row in rows])
    elif of.total:
        yield "<p>No incidents.</p>"
    if more:
        yield f"<p>{escape(more)}</p>"
    yield "</div>"


def _incident(report: Report, incident: IncidentReport) -> tuple[str, ...]:
    return (
        escape(words.when(report, incident)),
        escape(words.burn(incident.incident.worst_burn)),
        escape(words.share(incident.spent)),
        escape(words.alerts(incident.alerts) or "none"),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Cells are HTML. On a phone each row becomes a list, in which `data-label` names the cell."""
    yield "<table><thead><tr>"
    yield "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = (
            f'<td data-label="{escape(label)}">{cell}</td>'
            for label, cell in zip(head[1:], row[1:], strict=True)
        )
        yield f'<tr><th scope="row">{row[0]}</th>{"".join(cells)}</tr>'
    yield "</tbody></table>"
