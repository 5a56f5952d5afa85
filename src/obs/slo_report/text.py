"""A report as text for a terminal."""

from collections.abc import Iterator, Sequence
from typing import Final

from obs.slo_report import words
from obs.slo_report.report import ObjectiveReport, PeriodReport, Report

_BAR: Final = 30  # characters
_SUMMARY: Final = ("PERIOD", "RESULT", "REACHED", "PROMISED", "BUDGET SPENT", "BAD", "OF")


def as_text(report: Report) -> str:
    """The report, with a line end."""
    lines = [words.heading(report), words.about(report)]
    for objective in report.objectives:
        lines += ["", *_objective(report, objective)]
    lines += ["", *words.FOOTNOTES]
    return "\n".join(lines) + "\n"


def _objective(report: Report, objective: ObjectiveReport) -> Iterator[str]:
    of = objective.measured
    promised = f"{words.objective(of.objective_percent)} of {of.sli}{words.over(of.window)}"
    yield f"{objective.called}: {promised}"
    if of.description:
        yield f"  {of.description}"
    if owned := words.ownership(of):
        yield f"  {'; '.join(f'{name}: {value}' for name, value in owned)}"
    yield from (f"  {name}: {url}" for name, url in of.links)
    for note in words.known(report, objective):
        yield f"  {note}"
    rows = [_SUMMARY, *(words.row(each, of.objective_percent) for each in objective.periods)]
    yield from (f"  {line}" for line in _table(rows))
    for period in objective.periods:
        yield from _period(report, period, minutes=of.history.minutes)


def _period(report: Report, period: PeriodReport, *, minutes: bool) -> Iterator[str]:
    of = period.account
    sentences = words.facts(report, period, minutes=minutes)
    spending = [day for day in of.days if day.bad]
    if of.known_from is None or not (spending or sentences):
        return
    yield ""
    yield f"  {words.titled(period)}"
    yield from (f"    {each}" for each in sentences)
    most = max((day.bad for day in spending), default=0.0)
    rows = [
        (
            f"{day.day.date:%Y-%m-%d %a}",
            words.share(day.spent),
            "█" * max(round(_BAR * day.bad / most), 1),
            f"{words.events(day.bad)} bad of {words.events(day.total)}",
        )
        for day in spending
    ]
    yield from (f"    {line}" for line in _table(rows))
    incidents, more = words.told(period)
    for each in incidents:
        cost = f"cost {words.share(each.spent)} of the budget" if each.spent is not None else ""
        fired = f"alerts: {words.alerts(each.alerts)}" if each.alerts else ""
        facts = (f"worst burn rate {words.burn(each.incident.worst_burn)}", cost, fired)
        told = ", ".join(fact for fact in facts if fact)
        yield f"    Incident {words.when(report, each)}: {told}"
    if more:
        yield f"    {more}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
