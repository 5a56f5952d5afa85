"""The system's health: a headline, the problems behind it, and every list worst first."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from obs.web.page.figures import plural
from obs.web.status import (
    HealthVerdict,
    Level,
    Problem,
    SloState,
    SloStatus,
    SourceStatus,
    Status,
    StatusRow,
)

SHOWN: Final = 20  # problems in a verdict; further ones are only counted
_LEVELS: Final[dict[Level, int]] = {"critical": 0, "unknown": 1, "warning": 2, "ok": 3}
_SLO_ORDER: Final[dict[SloState, int]] = {
    "exhausted": 0,
    "burning": 1,
    "no_data": 2,
    "too_few": 2,
    "ok": 3,
}


def complete(status: Status) -> Status:
    """The same status with its verdict, every list sorted worst first."""
    ordered = msgspec.structs.replace(
        status,
        slos=tuple(sorted(status.slos, key=_slo_order)),
        lists={name: _ordered(rows) for name, rows in status.lists.items()},
        sources=tuple(sorted(status.sources, key=_source_order)),
    )
    return msgspec.structs.replace(ordered, verdict=judge(ordered))


def judge(status: Status) -> HealthVerdict:
    """The worst level of all problems, with a headline; equal problems keep the order of the lists.

    The level is unknown until the first poll has succeeded or failed.
    """
    sources = status.sources
    if sources and not any(s.last_success is not None or s.error is not None for s in sources):
        return HealthVerdict("unknown", "Waiting for the first poll")
    problems = sorted(_problems(status), key=by_level)
    if not problems:
        return HealthVerdict("ok", _without_problems(status))
    return HealthVerdict(
        problems[0].level, _headline(problems), tuple(problems[:SHOWN]), found=len(problems)
    )


def by_level(problem: Problem) -> int:
    """Orders problems, the worst first."""
    return _LEVELS[problem.level]


def _without_problems(status: Status) -> str:
    """That all is well, unless there is something of which this collector does not know that."""
    slos = status.slos
    empty = sum(slo.state == "no_data" for slo in slos)
    few = sum(slo.state == "too_few" for slo in slos)
    words = [f"no data yet for {empty}"] if empty else []
    words += [f"too few events for {few}"] if few else []
    told = [f"{' and '.join(words)} of {plural(len(slos), 'objective')}"] if words else []
    if status.lease is not None and not status.lease.leads:
        told.append("the collector that leads sees more")
    return "; ".join(["No problem seen", *told]) if told else "All is well"


def _headline(problems: list[Problem]) -> str:
    level = problems[0].level
    worst = [problem for problem in problems if problem.level == level]
    if len(worst) == 1:
        return worst[0].text
    if cause := next((problem for problem in worst if problem.kind == "server"), None):
        # What a server does explains what its streams and consumers do.
        return f"{cause.text}, and {len(worst) - 1} more problem{'s' if len(worst) > 2 else ''}"
    if level == "critical":
        return f"{len(worst)} problems need attention now"
    if level == "unknown":
        return f"{len(worst)} unknown states"
    return f"{len(worst)} warnings"


def _problems(status: Status) -> Iterator[Problem]:
    if status.spec_refused:
        text = f"The changed spec is not in force: {status.spec_refused}"
        yield Problem("warning", "source", "spec", text)
    if status.lease is not None and status.lease.error:
        text = f"The lease cannot be read or renewed: {status.lease.error}"
        yield Problem("warning", "source", "lease", text)
    for source in status.sources:
        yield from _source_problem(source)
    for each in status.spec_objects:
        kind = "rule" if each.kind == "bus" else each.kind  # a list of the page
        yield Problem(each.level, kind, each.object, each.text)
    for slo in status.slos:
        yield from _slo_problem(slo)
    for rows in status.lists.values():
        yield from (problem for row in rows if (problem := row.problem()))
    for push in status.pushes:
        if not push.up and push.error is not None:
            text = f"Push to {push.sink} at {push.target} fails"
            yield Problem("warning", "push", push.sink, text)


def _ordered(rows: Iterable[StatusRow]) -> tuple[StatusRow, ...]:
    return tuple(row.completed() for row in sorted(rows, key=lambda row: row.order()))


def _source_problem(source: SourceStatus) -> Iterator[Problem]:
    level: Level = "critical" if source.required else "warning"
    for text in source.withdrawn:
        yield Problem(level, "source", source.name, f"Source {source.name}: {text}")
    if source.up:
        if source.has_no:
            text = f"Source {source.name} has no {source.has_no}: nothing is monitored"
            yield Problem("warning", "source", source.name, text)
        return
    if source.last_success is None:
        if source.error is not None:
            text = f"Source {source.name} has had no successful poll yet"
            yield Problem(level, "source", source.name, text)
    elif source.age_seconds is not None and source.age_seconds > source.stale_after:
        text = f"Source {source.name} is stale: its series are withdrawn"
        yield Problem(level, "source", source.name, text)
    else:
        text = f"Source {source.name}: last poll failed"
        yield Problem("warning", "source", source.name, text)


def _slo_problem(slo: SloStatus) -> Iterator[Problem]:
    if slo.state == "exhausted":
        yield Problem("critical", "slo", slo.called, f"{slo.called}: error budget exhausted")
    elif slo.state == "burning":
        level: Level = "critical" if slo.urgent else "warning"
        yield Problem(level, "slo", slo.called, f"{slo.called}: error budget is burning too fast")
    elif slo.silent:
        yield Problem("warning", "slo", slo.called, f"{slo.called}: no data arrives")


def _slo_order(slo: SloStatus) -> tuple[int, bool, str]:
    # Not by budget: cards that move at every poll are hard to read.
    return _SLO_ORDER[slo.state], not slo.urgent, slo.called


def _source_order(source: SourceStatus) -> tuple[bool, str]:
    return source.up, source.name
