"""Numbers and moments as a report writes them."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Final
from urllib.parse import quote

from obs.slo_report.report import (
    Fired,
    IncidentReport,
    Measured,
    ObjectiveReport,
    PeriodReport,
    Report,
)

_IN_ADDRESSES: Final = ":/?#[]@!$&*+,;=%-._~"
UNKNOWN: Final = "not known"
MOST: Final = 10
"""Incidents of a period that are told one by one; JSON has all."""
_FINEST: Final = 8  # decimals


def percent_reached(reached: float | None, objective_percent: float) -> str:
    """A share of good events in percent. Rounded down: 99.996 % never reads as 100 %, and what
    missed its objective never reads as if it had reached it.
    """
    if reached is None:
        return UNKNOWN
    exact = Decimal(repr(reached)) * 100
    least = max(2, -int(Decimal(repr(objective_percent)).as_tuple().exponent) + 1)
    for digits in range(least, _FINEST):
        shown = exact.quantize(Decimal(1).scaleb(-digits), ROUND_FLOOR)
        if shown != Decimal(repr(objective_percent)) or shown == exact:
            break
    return f"{_plain(shown)} %"


def over(window: str) -> str:
    """The window of an SLO, after what it promises; empty where it is not known."""
    article = "a " if window.startswith("calendar") else ""
    return f" over {article}{window}" if window else ""


def ownership(of: Measured) -> list[tuple[str, str]]:
    """Whose objective it is: team and owner, then its other labels; name and value each."""
    first = [label for label in ("team", "owner") if label in dict(of.labels)]
    others = [label for label, _ in of.labels if label not in first]
    labels = dict(of.labels)
    return [(_capital(label), labels[label]) for label in (*first, *others)]


def address(url: str) -> str | None:
    """A link's address, encoded so that it ends nowhere but at its end; None where it is none."""
    if not url.startswith(("http://", "https://")):
        return None
    return quote(url, safe=_IN_ADDRESSES)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def objective(percent: float) -> str:
    """An objective: `99.9 %`."""
    return f"{percent:g} %"


def share(ratio: float | None) -> str:
    """A share of an error budget: `12.4 %`, `0.04 %`, `1,230 %`."""
    if ratio is None:
        return UNKNOWN
    value = 100 * ratio
    if value >= 100:
        return f"{value:,.0f} %"
    if 0 < value < 0.01:
        return "under 0.01 %"
    return f"{_plain(Decimal(f'{value:.{3 if value >= 10 else 2}g}'))} %"


def events(number: float) -> str:
    """A number of events: `1,234`, `0.25`."""
    if number >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.3g}"


def burn(rate: float) -> str:
    """A burn rate: `14.4`, `1,000`."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def length(seconds: float) -> str:
    """A span of time: `45 min`, `2 h 15 min`, `3 d 4 h`."""
    minutes = round(seconds / 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def moment(report: Report, at: float) -> str:
    """A moment in the report's time zone, with the zone's name: `2026-11-03 14:15 CET`."""
    return report.local(at).strftime("%Y-%m-%d %H:%M %Z")


def span(report: Report, start: float, end: float) -> str:
    """From when to when: `2026-11-03 14:15 to 15:30 CET`, with two dates where it takes two."""
    first, last = report.local(start), report.local(end)
    if first.utcoffset() != last.utcoffset():
        return f"{moment(report, start)} to {moment(report, end)}"
    until = "%H:%M %Z" if first.date() == last.date() else "%Y-%m-%d %H:%M %Z"
    return f"{first:%Y-%m-%d %H:%M} to {last.strftime(until)}"


def titled(period: PeriodReport) -> str:
    """The period's name, and that it goes on."""
    label = period.account.period.label
    return f"{label} so far" if period.account.so_far else label


def result(period: PeriodReport) -> str:
    """What became of the objective, in a word or two."""
    of = period.account
    if of.known_from is None:
        return UNKNOWN
    if of.reached is None:
        return "no events"
    if of.spent is None and period.met is False:
        return "too few events"
    if of.so_far:
        if of.spent is not None and of.spent >= 1:
            return "budget exhausted"
        return "on track" if period.met else "below so far"
    return "met" if period.met else "missed"


def incomplete(report: Report, period: PeriodReport) -> str:
    """What of the period is not known, as a sentence; empty where all is."""
    of = period.account
    if of.complete:
        return ""
    if of.known_from is None or of.known_until is None:
        return f"Nothing is known of {of.period.label}."
    missing = []
    if of.known_from > of.period.start:
        missing.append(f"before {moment(report, of.known_from)}")
    if not of.so_far and of.known_until < of.period.end:
        missing.append(f"after {moment(report, of.known_until)}")
    return f"Nothing is known of {of.period.label} {' and '.join(missing)}."


def budget(period: PeriodReport, *, minutes: bool) -> str:
    """How large the error budget is, as a sentence; empty where that is not known."""
    of = period.account
    if of.budget is None:
        return ""
    noun = "bad minutes" if minutes else "bad events"
    if of.so_far and not minutes:
        return (
            f"The budget is about {events(of.budget)} {noun}, if as many events go on to come "
            "until the period ends."
        )
    return f"The budget is {events(of.budget)} {noun}."


def known(report: Report, objective: ObjectiveReport) -> list[str]:
    """What is not known of an objective, as sentences."""
    history = objective.measured.history
    found = list(objective.measured.notes)
    if history.known_from is None:
        return ["There is no data yet.", *found]
    if history.known_from > objective.periods[-1].account.period.start:
        found.insert(0, f"Nothing is known before {moment(report, history.known_from)}.")
    return found


def told(period: PeriodReport) -> tuple[list[IncidentReport], str]:
    """The incidents that are told one by one, and a sentence on the smaller ones."""
    costly = sorted(period.incidents, key=lambda each: each.incident.bad, reverse=True)[:MOST]
    few = [each for each in period.incidents if each in costly]
    rest = [each for each in period.incidents if each not in costly]
    if not rest:
        return few, ""
    cost = sum(each.spent or 0.0 for each in rest)
    spent = f", which spent {share(cost)} of the budget together" if cost else ""
    return few, f"These are the {MOST} that cost most; there were {len(rest)} more{spent}."


def facts(report: Report, period: PeriodReport, *, minutes: bool) -> list[str]:
    """What has to be known to read a period's numbers, as sentences."""
    missing = period.account.missing
    without = ""
    if missing >= 1 and period.account.total:
        without = f"{events(missing)} minutes have no data and count as good."
    out = period.account.maintenance
    counted = f"Events in {length(out)} of maintenance do not count." if out else ""
    found = (incomplete(report, period), counted, without, budget(period, minutes=minutes))
    return [each for each in found if each]


def alerts(fired: Sequence[Fired]) -> str:
    """The alerts with their severities, each once: `SloBudgetBurnsFast (critical)`."""
    return ", ".join(
        dict.fromkeys(
            f"{each.alert} ({each.severity})" if each.severity else each.alert for each in fired
        )
    )


def when(report: Report, incident: IncidentReport) -> str:
    """From when to when an incident lasted, and how long that was."""
    of = incident.incident
    if of.ongoing:
        return f"since {moment(report, of.start)}, going on"
    return f"{span(report, of.start, of.end)} ({length(of.end - of.start)})"


def heading(report: Report) -> str:
    """The title of a report."""
    return f"SLO report: {report.system} ({report.environment})"


def about(report: Report) -> str:
    """When, from what and in which time zone, as two sentences."""
    return (
        f"Made {moment(report, report.at)} from {report.origin}. "
        f"Days are those of {report.zone.key}."
    )


FOOTNOTES: Final = (
    "Periods that have passed are compared with the objectives of today.",
    "An incident is a time in which the burn rate of the hour before was above 1, so that the "
    "budget would not have lasted. Its ends are known to 15 minutes.",
)


def _plain(number: Decimal) -> str:
    written = f"{number:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def row(period: PeriodReport, objective_percent: float) -> tuple[str, ...]:
    """Period, result, reached, promised, budget spent, bad events and all; empty where unknown."""
    of = period.account
    known = of.known_from is not None
    return (
        titled(period),
        result(period),
        percent_reached(of.reached, objective_percent),
        objective(objective_percent),
        share(of.spent),
        events(of.bad) if known else "",
        events(of.total) if known else "",
    )
