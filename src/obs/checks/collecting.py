"""Is what the SLOs need arriving, and recent? What the collector says of itself."""

from collections.abc import Iterator
from typing import Final

from obs.checks.finding import CheckFinding, right, wrong
from obs.spec.quantity import format_duration
from obs.spec.slos import Slo
from obs.spec.source import stale_after
from obs.spec.system import System
from obs.web.status import SloStatus, SourceStatus, Status

_SLACK: Final = 120.0  # seconds: minutes are whole, and CloudWatch is late at times


def judge(system: System, status: Status) -> Iterator[CheckFinding]:
    """Each source answers, and each SLO has data that is not old."""
    for source in status.sources:
        yield _judge_source(source)
    known = {(slo.service, slo.name): slo for slo in status.slos}
    for slo in system.slos:
        at, live = f"SLO {slo.service}/{slo.name}", known.get((slo.service, slo.name))
        if live is None:
            yield wrong(
                at,
                "the collector that runs does not know this SLO",
                "restart the collector with this spec",
            )
        else:
            yield _judge_slo(at, slo, live, status.generated_at, system)


def _judge_source(source: SourceStatus) -> CheckFinding:
    at = f"source {source.name}"
    if source.up:
        return right(at, "answers")
    since = "" if source.age_seconds is None else f" for {format_duration(source.age_seconds)}"
    return wrong(
        at,
        f"does not answer{since or ', and never has'}: {source.error or 'no poll has ended yet'}",
        f"see that {source.name} runs, and that its address and login in the spec are right",
    )


def _judge_slo(at: str, slo: Slo, live: SloStatus, now: float, system: System) -> CheckFinding:
    name = slo.sli.measured.source
    if live.watermark is None or live.state == "no_data":
        return wrong(
            at,
            f"has no data: nothing has come from {name}, or no event yet",
            f"see that source {name} answers, and that there is traffic: {slo.sli.in_words()}",
        )
    age, oldest = now - live.watermark, _oldest(system, name)
    if age > oldest:
        return wrong(
            at,
            f"its newest data is {format_duration(round(age))} old, more than "
            f"{format_duration(oldest)}",
            f"see that source {name} answers, and that the collector's clock is right",
        )
    return right(at, f"its newest data is {format_duration(max(1, round(age)))} old")


def _oldest(system: System, name: str) -> float:
    """How old the newest data of a source may be (seconds)."""
    source = system.sources.named(name)
    return stale_after(source) + source.delayed_by + _SLACK
