"""Is the system healthy? One headline, the problems behind it, and the order that shows them."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

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

SHOWN: Final = 20  # problems in a verdict; the rest is counted
_LEVELS: Final[dict[Level, int]] = {"critical": 0, "unknown": 1, "warning": 2, "ok": 3}
_SLO_ORDER: Final[dict[SloState, int]] = {"exhausted": 0, "burning": 1, "no_data": 2, "ok": 3}


def complete(status: Status) -> Status:
    """The same status with its verdict, and with what is worst first in every list."""
    ordered = msgspec.structs.replace(
        status,
        slos=tuple(sorted(status.slos, key=_slo_order)),
        lists={name: _ordered(rows) for name, rows in status.lists.items()},
        sources=tuple(sorted(status.sources, key=_source_order)),
    )
    return msgspec.structs.replace(ordered, verdict=judge(ordered))


def judge(status: Status) -> HealthVerdict:
    """The worst level of all problems, put in a headline; equals stay in the order of the lists.

    Before any source has answered or failed the level is unknown: nothing is known to be well.
    """
    sources = status.sources
    if sources and not any(s.last_success is not None or s.error is not None for s in sources):
        return HealthVerdict("unknown", "Waiting for the first answers")
    problems = sorted(_problems(status), key=lambda problem: _LEVELS[problem.level])
    if not problems:
        return HealthVerdict("ok", "All is well")
    return HealthVerdict(
        problems[0].level, _headline(problems), tuple(problems[:SHOWN]), found=len(problems)
    )


def _headline(problems: list[Problem]) -> str:
    level = problems[0].level
    worst = [problem for problem in problems if problem.level == level]
    if len(worst) == 1:
        return worst[0].text
    if level == "critical":
        return f"{len(worst)} problems need attention now"
    if level == "unknown":
        return f"{len(worst)} things cannot be judged"
    return f"{len(worst)} things are worth a look"


def _problems(status: Status) -> Iterator[Problem]:
    for source in status.sources:
        yield from _source_problem(source)
    for slo in status.slos:
        yield from _slo_problem(slo)
    for rows in status.lists.values():
        yield from (problem for row in rows if (problem := row.problem()))
    for push in status.pushes:
        if not push.up and push.error is not None:
            text = f"{push.sink} does not accept what is pushed to {push.target}"
            yield Problem("warning", "push", push.sink, text)


def _ordered(rows: Iterable[StatusRow]) -> tuple[StatusRow, ...]:
    return tuple(row.completed() for row in sorted(rows, key=lambda row: row.order()))


def _source_problem(source: SourceStatus) -> Iterator[Problem]:
    if source.up:
        return
    level: Level = "critical" if source.required else "warning"
    if source.last_success is None:
        if source.error is not None:
            text = f"Source {source.name} has never answered"
            yield Problem(level, "source", source.name, text)
    elif source.age_seconds is not None and source.age_seconds > source.stale_after:
        text = f"Source {source.name} is silent: its numbers have been withdrawn"
        yield Problem(level, "source", source.name, text)
    else:
        text = f"Source {source.name} did not answer the last time"
        yield Problem("warning", "source", source.name, text)


def _slo_problem(slo: SloStatus) -> Iterator[Problem]:
    if slo.state == "exhausted":
        yield Problem("critical", "slo", slo.name, f"{slo.name} has spent its error budget")
    elif slo.state == "burning":
        level: Level = "critical" if slo.urgent else "warning"
        yield Problem(level, "slo", slo.name, f"{slo.name} burns its error budget too fast")


def _slo_order(slo: SloStatus) -> tuple[int, bool, str]:
    # Not by budget: cards that change places at every poll are hard to read.
    return _SLO_ORDER[slo.state], not slo.urgent, slo.name


def _source_order(source: SourceStatus) -> tuple[bool, str]:
    return source.up, source.name
