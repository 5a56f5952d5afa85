"""The counts and the advice as text for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from textwrap import wrap
from typing import Final

from obs.alert_stats.advice import Advice, listed
from obs.alert_stats.history import gaps_of
from obs.alert_stats.stats import FLAP, Budget, Count, Stats
from obs.durations import format_duration, format_whole_seconds
from obs.redaction.text import one_line

_WIDTH: Final = 100
_MOST_OBJECTS: Final = 10
_MOST_GAPS: Final = 3
_HEAD: Final = (
    *("ALERT", "SEVERITY", "FIRED", "OBJECTS", "TOTAL", "MEDIAN", "LONGEST", "FLAPS", "OFF HOURS"),
    *("QUIET", "INHIBITED", "SILENCED", "PAGES", "OPEN"),
)


def as_text(found: Stats, advices: Sequence[Advice], notes: Sequence[str], zone: tzinfo) -> str:
    """The report, with a line end; times are in `zone`."""
    history = found.history
    lines = [
        f"Alerts from {_moment(history.start, zone)} to {_moment(history.end, zone)} "
        f"({zone}, exact to {format_duration(history.step)})"
    ]
    lines += [f"  {each}" for each in (*_known(found, zone), *notes)]
    fired = [each for each in found.alerts if each.count.fired]
    if fired:
        rows = [(each.name, each.severity, *_cells(each.count)) for each in fired]
        lines += ["", *_table([_HEAD, *rows])]
        rows = [("all " + name, "", *_cells(count)) for name, count in found.severities.items()]
        lines += ["", *_table([("SEVERITY", "", *_HEAD[2:]), *rows])]
        lines += ["", *_objects(found)]
    else:
        lines += ["", "No alert fired."]
    if found.never:
        lines += ["", f"Never fired: {listed(found.never)}"]
    lines += ["", *_verdict(found.budget)]
    if advices:
        lines += ["", "Advice"]
        for each in advices:
            lines += wrap(
                one_line(each.text, 2000),
                _WIDTH,
                initial_indent="  - ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    lines += ["", *_FOOTNOTES]
    return "\n".join(lines) + "\n"


_FOOTNOTES: Final = (
    f"Flaps: fired again within {format_duration(FLAP)} after it resolved. Off hours: began "
    "outside Monday to Friday, 9 to 17.",
    "Pages: critical notifications of groups that nobody had been notified of, by `notify`.",
)


def verdict(budget: Budget) -> str:
    """Whether there were more pages than the spec's budget allows."""
    pages = f"{budget.pages} {'page' if budget.pages == 1 else 'pages'}"
    if budget.allowed is None:
        return f"{pages}, {budget.worst_week} in the worst week; the spec has no budget of pages."
    state = "OVER BUDGET" if budget.is_over else "within budget"
    return (
        f"{state}: {pages}, and {budget.pages_per_week} a week allow {budget.allowed:.3g} in this "
        f"time ({budget.worst_week} in the worst week)."
    )


def _verdict(budget: Budget) -> Iterator[str]:
    text = verdict(budget)
    yield text[0].upper() + text[1:]
    if budget.allowed is None:
        yield "Set one: notify: {pages_per_week: 5}"


def _known(found: Stats, zone: tzinfo) -> Iterator[str]:
    history = found.history
    if history.known is None:
        yield (
            "Prometheus has no ObsWatchdog of the system: it cannot be told whether rules were "
            "evaluated all the time."
        )
        return
    gaps = [
        each
        for each in gaps_of(history.known, history.start, history.end)
        if each[1] - each[0] > 2 * history.step
    ]
    for begin, end in gaps[:_MOST_GAPS]:
        yield f"No rules were evaluated from {_moment(begin, zone)} to {_moment(end, zone)}."
    if len(gaps) > _MOST_GAPS:
        yield f"The same is true of {len(gaps) - _MOST_GAPS} more times."


def _objects(found: Stats) -> Iterator[str]:
    rows = [
        (
            each.alert,
            one_line(" ".join(f"{name}={value}" for name, value in each.object), 120) or "-",
            str(each.count.fired),
            _duration(each.count.seconds),
            str(each.count.flaps),
        )
        for each in found.objects[:_MOST_OBJECTS]
    ]
    yield from _table([("NOISIEST", "OBJECT", "FIRED", "TOTAL", "FLAPS"), *rows])


def _cells(count: Count) -> tuple[str, ...]:
    return (
        str(count.fired),
        str(count.objects),
        _duration(count.seconds),
        _duration(count.median),
        _duration(count.longest),
        str(count.flaps),
        str(count.off_hours),
        "-" if count.quiet is None else str(count.quiet),
        str(count.inhibited),
        "-" if count.silenced is None else str(count.silenced),
        str(count.pages),
        str(count.open),
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    unit = 3600 if seconds >= 172_800 else 60 if seconds >= 7200 else 1
    return format_whole_seconds(max(round(seconds / unit) * unit, 1))


def _moment(at: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    used = [index for index, column in enumerate(zip(*rows, strict=True)) if any(column)]
    widths = {index: max(len(row[index]) for row in rows) for index in used}
    for row in rows:
        yield "  ".join(row[index].ljust(widths[index]) for index in used).rstrip()
