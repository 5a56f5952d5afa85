"""Recording rules that evaluate SLOs in Prometheus, Mimir or Thanos from the collector's counters.

Counts of five minutes are recorded, and longer windows are sums of them: weighted by events, and
whole although a pod is replaced in between. obs' own alerts read what the collector exports;
these rules are for fleets whose SLOs span several collectors' clusters, and for long retention.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil
from typing import Any, Final

from obs.alerts.conditions.scope import Labels
from obs.catalogue import recorded, slo
from obs.catalogue.growth import growth_of_whole_windows
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, equal, number, selector
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.tiers import MIN_BAD_EVENTS, windows_of
from obs.slo.windows import MINUTE, Window, window, windows
from obs.spec.system import System

COUNTERS: Final = (slo.EVENTS, slo.GOOD_EVENTS)
"""What the rules read; without these there are none."""
MOST_RULES: Final = 16
"""Recording rules that an SLO has at most."""

_STEP: Final = 5 * MINUTE

RecordingRule = dict[str, Any]


def recording_groups(system: System) -> list[dict[str, Any]]:
    """A rule group for each SLO, so that a ruler evaluates them beside each other.

    None where the system does not export what they read.
    """
    if any(metric not in system.exported for metric in COUNTERS):
        return []
    return [
        {
            "name": f"{system.known_as}-slo-recording-{each.service}-{each.name}",
            "rules": list(
                _rules(
                    system.labels,
                    each.name,
                    each.service,
                    each.objective,
                    each.window,
                    calendar=each.window_label if each.calendar else "",
                    more=windows_of(each.tiers or ()),
                    minutes=each.expects_minutes,
                    of_objects=bool(each.sli.measured.each),
                )
            ),
        }
        for each in system.slos
        if not each.by_rules
    ]


@lru_cache(4096)
def _rules(
    of_system: Labels,
    name: str,
    service: str,
    percent: float,
    period: float,
    *,
    calendar: str,
    more: tuple[int, ...],
    minutes: bool,
    of_objects: bool,
) -> tuple[RecordingRule, ...]:
    """The rules of an SLO; remembered, as several targets are built of them.

    One over a `calendar` period, so labelled, lacks that window: a range in PromQL has a fixed
    length. `more` are the windows that its tiers add. `of_objects`: the SLO is one over many
    objects, and each object has its own series.
    """
    apart = (*slo.SLO, slo.OBJECT) if of_objects else slo.SLO
    spans = windows(period, more)
    rules = _made(of_system, name, service, percent, spans, apart, minutes=minutes)
    return tuple(_without_own(rules, period, calendar) if calendar else rules)


def _without_own(
    rules: Iterator[RecordingRule], period: float, calendar: str
) -> Iterator[RecordingRule]:
    for rule in rules:
        labels = rule["labels"]
        if rule["record"] == recorded.INFO.name:
            yield {**rule, "labels": {**labels, "slo_window": calendar}}
        elif rule["record"] != recorded.BUDGET_REMAINING.name and (
            labels.get("window") != window(period).label
        ):
            yield rule


def _made(  # noqa: PLR0917  what an SLO is
    of_system: Labels,
    name: str,
    service: str,
    percent: float,
    spans: Sequence[Window],
    apart: tuple[str, ...],
    *,
    minutes: bool,
) -> Iterator[RecordingRule]:
    period = spans[-1].seconds
    # What a rule reads and records: so it is of one SLO of one system and environment.
    labels = {"slo": name, "slo_service": service, **dict(of_system)}
    objective = objective_ratio(percent)
    budget = number(error_budget(objective))
    for record, counter in ((recorded.EVENTS, slo.EVENTS), (recorded.GOOD_EVENTS, slo.GOOD_EVENTS)):
        grown = growth_of_whole_windows(counter, apart, equal(tuple(labels.items())), _STEP)
        yield _rule(record, grown, **labels)
    for span in spans:
        burn = _burn_rate(labels, span, budget, minutes=minutes)
        yield _rule(recorded.BURN_RATE, burn, window=span.label, **labels)
    yield _rule(recorded.BUDGET_REMAINING, _remaining(labels, period, minutes=minutes), **labels)
    yield _rule(recorded.OBJECTIVE, f"vector({number(objective)})", **labels)
    facts = {
        "objective_percent": number(percent),
        "slo_window": window(period).label,
    }
    yield _rule(recorded.INFO, "vector(1)", **labels, **facts)


def _remaining(labels: dict[str, str], period: float, *, minutes: bool) -> str:
    """The budget left; not told where one bad event is more than the whole of it."""
    own = window(period)
    burn = selector(recorded.BURN_RATE, equal((*labels.items(), ("window", own.label))))
    burn = f"sum without (window) ({burn})"
    if minutes:
        return f"1 - {burn}"
    events, good = _counts(labels, own)
    few = f"({events} - {good}) < {MIN_BAD_EVENTS} < {burn}"  # both: more spent than happened
    return f"1 - {burn}\nunless {few}"


def _burn_rate(labels: dict[str, str], span: Window, budget: str, *, minutes: bool) -> str:
    """As obs.slo.expected has it: what Prometheus has not seen of the window counts as good."""
    events, good = _counts(labels, span)
    bad, whole = f"({events} - {good})", number(span.seconds / MINUTE)
    if minutes:
        return f"{bad}\n  / clamp_min({events} > 0, {whole}) / {budget}"
    ratio = f"{bad}\n  / ({events} > 0)"
    if span.seconds == _STEP:
        return f"{ratio} / {budget}"
    seen = _steps(recorded.EVENTS, labels, span, "count_over_time")
    return f"{ratio}\n  * {seen} / {number(ceil(span.seconds / _STEP))} / {budget}"


def _counts(labels: dict[str, str], span: Window) -> tuple[str, str]:
    """Events and good events of the window."""
    events, good = (
        _steps(metric, labels, span, "sum_over_time")
        for metric in (recorded.EVENTS, recorded.GOOD_EVENTS)
    )
    return events, good


def _steps(metric: Metric, labels: dict[str, str], span: Window, function: str) -> str:
    """A function of all five minutes of a window.

    A second less than the window: Prometheus 2 takes a step on its left end for one more.
    """
    series = selector(metric, equal(tuple(labels.items())))
    if span.seconds == _STEP:
        return series
    return f"{function}({series}[{duration(span.seconds - 1)}:{duration(_STEP)}])"


def _rule(record: Metric, expression: str, **labels: str) -> RecordingRule:
    return {"record": record.name, "expr": expression, "labels": dict(sorted(labels.items()))}
