"""A report as Markdown, as Git hosts and wikis read it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from obs.slo_report import words
from obs.slo_report.report import ObjectiveReport, PeriodReport, Report

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~])")


def as_markdown(report: Report) -> str:
    """The report, with a line end."""
    lines = [f"# {escaped(words.heading(report))}", "", escaped(words.about(report))]
    for objective in report.objectives:
        lines += ["", *_objective(report, objective)]
    lines += ["", "---", "", *(f"- {note}" for note in words.FOOTNOTES)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """The text as it is, without markup."""
    return _MARKUP.sub(r"\\\1", text)


def _objective(report: Report, objective: ObjectiveReport) -> Iterator[str]:
    of = objective.measured
    yield f"## {escaped(objective.called)}"
    yield ""
    promised = words.objective(of.objective_percent)
    yield escaped(
        f"Promised: {promised} of {of.sli}{words.over(of.window)}. {of.description}".rstrip()
    )
    facts = [f"{escaped(name)}: {escaped(value)}" for name, value in words.ownership(of)]
    if facts := [*facts, *(_link(name, url) for name, url in of.links)]:
        yield from ("", " · ".join(facts))
    for note in words.known(report, objective):
        yield from ("", f"> {escaped(note)}")
    yield ""
    yield from _table(
        ("Period", "Result", "Reached", "Promised", "Budget spent", "Bad", "Of", "Incidents"),
        [_row(each, of.objective_percent) for each in objective.periods],
    )
    for period in objective.periods:
        yield from _period(report, period, minutes=of.history.minutes)


def _link(name: str, url: str) -> str:
    to = words.address(url)
    return f"[{escaped(name)}](<{to}>)" if to else f"{escaped(name)}: {escaped(url)}"


def _row(period: PeriodReport, objective_percent: float) -> tuple[str, ...]:
    known = period.account.known_from is not None
    incidents = str(len(period.incidents)) if known else ""
    return (*words.row(period, objective_percent), incidents)


def _period(report: Report, period: PeriodReport, *, minutes: bool) -> Iterator[str]:
    of = period.account
    sentences = words.facts(report, period, minutes=minutes)
    spending = [day for day in of.days if day.bad]
    if of.known_from is None or not (spending or sentences):
        return
    yield from ("", f"### {escaped(words.titled(period))}", "")
    yield escaped(" ".join(sentences))
    if spending:
        yield ""
        yield from _table(
            ("Day", "Budget spent", "Bad", "Of"),
            [
                (
                    f"{day.day.date:%Y-%m-%d %a}",
                    words.share(day.spent),
                    words.events(day.bad),
                    words.events(day.total),
                )
                for day in spending
            ],
        )
    incidents, more = words.told(period)
    if incidents:
        yield ""
        yield from _table(
            ("Incident", "Worst burn rate", "Budget spent", "Alerts"),
            [
                (
                    words.when(report, each),
                    words.burn(each.incident.worst_burn),
                    words.share(each.spent),
                    words.alerts(each.alerts),
                )
                for each in incidents
            ],
        )
    if more:
        yield from ("", escaped(more))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(escaped, row))} |"
