"""Recording rules that evaluate SLOs in Prometheus, Mimir or Thanos from the collector's counters.

Counts of five minutes are recorded, and longer windows are sums of them: weighted by events, and
whole although a pod is replaced in between. obs' own alerts read what the collector exports;
these rules are for fleets whose SLOs span several collectors' clusters, and for long retention.
"""

from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from typing import Any, Final

from obs.alerts.conditions.scope import Labels
from obs.catalogue import recorded, slo
from obs.catalogue.growth import growth_of_whole_windows
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, equal, number, selector
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.tiers import MIN_BAD_EVENTS
from obs.slo.windows import MINUTE, Window, window, windows
from obs.spec.system import System

MOST_RULES: Final = 16
"""Recording rules that an SLO has at most."""

_STEP: Final = 5 * MINUTE

RecordingRule = dict[str, Any]


def recording_groups(system: System) -> list[dict[str, Any]]:
    """A rule group for each SLO, so that a ruler evaluates them beside each other."""
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
                    minutes=each.sli.measured.counts_minutes,
                )
            ),
        }
        for each in system.slos
    ]


@lru_cache(4096)
def _rules(
    of_system: Labels, name: str, service: str, percent: float, period: float, *, minutes: bool
) -> tuple[RecordingRule, ...]:
    """The rules of an SLO; remembered, as several targets are built of them."""
    return tuple(_made(of_system, name, service, percent, period, minutes=minutes))


def _made(
    of_system: Labels, name: str, service: str, percent: float, period: float, *, minutes: bool
) -> Iterator[RecordingRule]:
    # What a rule reads and records: so it is of one SLO of one system and environment.
    labels = {"slo": name, "slo_service": service, **dict(of_system)}
    objective = objective_ratio(percent)
    budget = number(error_budget(objective))
    for record, counter in ((recorded.EVENTS, slo.EVENTS), (recorded.GOOD_EVENTS, slo.GOOD_EVENTS)):
        grown = growth_of_whole_windows(counter, slo.SLO, equal(tuple(labels.items())), _STEP)
        yield _rule(record, grown, **labels)
    for span in windows(period):
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
