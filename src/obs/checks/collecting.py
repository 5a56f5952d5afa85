"""Is the data that the SLOs need arriving, and recent? Read from the collector's status."""

from collections.abc import Iterator
from typing import Final

from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.spec.composites import sources_of
from obs.spec.quantity import format_duration
from obs.spec.sli import Key
from obs.spec.slos import Slo
from obs.spec.source import stale_after
from obs.spec.system import System
from obs.web.status import SloStatus, SourceStatus, Status

_SLACK: Final = 120.0  # seconds: minutes are whole, and CloudWatch is late at times


def judge(system: System, status: Status) -> Iterator[CheckFinding]:
    """Each source answers, and each SLO has recent data."""
    for source in status.sources:
        yield _judge_source(source)
    known: dict[Key, list[SloStatus]] = {}
    for one in status.slos:
        known.setdefault((one.service, one.name), []).append(one)
    for slo in system.slos:
        if slo.by_rules:
            continue
        at, found = f"SLO {slo.service}/{slo.name}", known.get((slo.service, slo.name), [])
        if not found and slo.sli.measured.each:
            each = slo.sli.measured.each
            yield doubtful(at, f"there is no {each} of it", f"check its name: {slo.in_words()}")
        elif not found:
            yield wrong(
                at,
                "the running collector does not have this SLO",
                "restart the collector with this spec",
            )
        else:
            for live in found:
                of = f"{at} of {live.object}" if live.object else at
                yield _judge_slo(of, slo, live, status.generated_at, system)


def _judge_source(source: SourceStatus) -> CheckFinding:
    at = f"source {source.name}"
    if source.up:
        return right(at, "answers")
    age = source.age_seconds
    since = "has never answered" if age is None else f"has not answered for {format_duration(age)}"
    return wrong(
        at,
        f"{since}: {source.error or 'no poll has finished yet'}",
        f"check that {source.name} runs, and its address and credentials in the spec",
    )


def _judge_slo(at: str, slo: Slo, live: SloStatus, now: float, system: System) -> CheckFinding:
    every = {(each.service, each.name): each for each in system.slos}
    names = sources_of((slo.service, slo.name), every)
    name = " and ".join(names)
    if live.watermark is None:
        return wrong(
            at,
            f"has no data: nothing received from {name}",
            f"check that source {name} answers, and has what the SLO measures: {slo.in_words()}",
        )
    age, maximum = now - live.watermark, max(maximum_age(system, each) for each in names)
    if age > maximum:
        return wrong(
            at,
            f"its newest data is {format_duration(round(age))} old, more than "
            f"{format_duration(maximum)}",
            f"check that source {name} answers, and that the collector's clock is right",
        )
    if live.state == "no_data":
        return doubtful(at, "has no event yet", f"check the traffic: {slo.in_words()}")
    return right(at, f"its newest data is {format_duration(max(1, round(age)))} old")


def maximum_age(system: System, name: str) -> float:
    """How old the newest data of a source may be (seconds)."""
    source = system.sources.named(name)
    return stale_after(source) + source.delayed_by + _SLACK
