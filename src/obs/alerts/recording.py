"""Recording rules that evaluate SLOs in Prometheus, Mimir or Thanos from the collector's counters.

Counts of five minutes are recorded, and longer windows are sums of them: weighted by events, and
whole again five minutes after a pod was renamed. obs' own alerts read what the collector exports;
these rules are for fleets whose SLOs span several collectors' clusters, and for long retention.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from obs.catalogue import recorded, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, equal, increase, max_by, number, selector
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.windows import MINUTE, Window, window, windows
from obs.spec.system import System

MOST_RULES: Final = 15
"""Recording rules that an SLO has at most."""

_STEP: Final = 5 * MINUTE

RecordingRule = dict[str, Any]


def recording_groups(system: System) -> list[dict[str, Any]]:
    """A rule group for each SLO, so that a ruler evaluates them beside each other."""
    return [
        {
            "name": f"{system.system}-slo-recording-{each.service}-{each.name}",
            "rules": list(_rules(each.name, each.service, each.objective, each.window)),
        }
        for each in system.slos
    ]


@lru_cache(4096)
def _rules(name: str, service: str, percent: float, period: float) -> tuple[RecordingRule, ...]:
    """The rules of an SLO; remembered, as several targets are built of them."""
    return tuple(_made(name, service, percent, period))


def _made(name: str, service: str, percent: float, period: float) -> Iterator[RecordingRule]:
    # On every rule, although its series have them: so promtool tells the rules of two SLOs apart.
    labels = {"slo": name, "slo_service": service}
    objective = objective_ratio(percent)
    budget = number(error_budget(objective))
    for record, counter in ((recorded.EVENTS, slo.EVENTS), (recorded.GOOD_EVENTS, slo.GOOD_EVENTS)):
        grown = increase(counter, equal(tuple(labels.items())), _STEP)
        yield _rule(record, max_by(slo.SLO, grown), **labels)
    for span in windows(period):
        yield _rule(
            recorded.BURN_RATE, _burn_rate(labels, span, budget), window=span.label, **labels
        )
    own = (*labels.items(), ("window", window(period).label))
    burn = selector(recorded.BURN_RATE, equal(own))
    yield _rule(recorded.BUDGET_REMAINING, f"1 - sum without (window) ({burn})", **labels)
    yield _rule(recorded.OBJECTIVE, f"vector({number(objective)})", **labels)
    facts = {
        "objective_percent": number(percent),
        "slo_window": window(period).label,
    }
    yield _rule(recorded.INFO, "vector(1)", **labels, **facts)


def _burn_rate(labels: dict[str, str], span: Window, budget: str) -> str:
    events, good = (
        _count(metric, labels, span) for metric in (recorded.EVENTS, recorded.GOOD_EVENTS)
    )
    return f"({events} - {good})\n  / ({events} > 0) / {budget}"


def _count(metric: Metric, labels: dict[str, str], span: Window) -> str:
    """The sum of all five minutes of a window.

    A second less than the window: Prometheus 2 takes a step on its left end for one more.
    """
    series = selector(metric, equal(tuple(labels.items())))
    if span.seconds == _STEP:
        return series
    return f"sum_over_time({series}[{duration(span.seconds - 1)}:{duration(_STEP)}])"


def _rule(record: Metric, expression: str, **labels: str) -> RecordingRule:
    return {"record": record.name, "expr": expression, "labels": dict(sorted(labels.items()))}
