"""Unit tests for `promtool test rules`, of the SLOs that rules evaluate: from counts to alerts.

What an SLI's own queries count is left to them: a test knows nothing of the series that they are
about, and begins with the events of each minute.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.slo_rules import NAME
from obs.catalogue import recorded, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, selector
from obs.slis.kind import counting_of
from obs.slo.windows import window
from obs.spec.slos import Slo
from obs.spec.system import System

_GOOD: Final = 60  # minutes of good events
_OUTAGE: Final = 60  # minutes of bad ones: as long as any window that pages first
_A_MINUTE: Final = 100
_AT: Final = _GOOD + _OUTAGE
_PAGE: Final = "SloBudgetBurnsFast"

Document = dict[str, Any]


def tests_of(alerts: Sequence[TunedAlert], system: System, rules: str) -> dict[str, Document]:
    """The test file by its name; none where no SLO is evaluated by rules."""
    tests = [_test(each, alerts, system) for each in system.slos if each.by_rules]
    if not tests:
        return {}
    files = [NAME, *(["slo"] if any(each.name == _PAGE for each in alerts) else [])]
    document = {
        "rule_files": [f"{rules}/{name}.yaml" for name in files],
        "evaluation_interval": "1m",
        "tests": tests,
    }
    return {f"{NAME}_1m_test": document}


def _test(each: Slo, alerts: Sequence[TunedAlert], system: System) -> Document:
    labels = tuple({"slo": each.name, "slo_service": each.service, **dict(system.labels)}.items())

    def series(metric: Metric, **more: str) -> str:
        return selector(metric, equal((*labels, *more.items())))

    counted = counting_of(each.sli)(each.sli.measured, 0, series)
    events = 1 if each.sli.measured.counts_minutes else _A_MINUTE
    before, then = (events, 0) if counted.good else (0, events)
    return {
        "name": f"{each.service}/{each.name}: an outage of {_OUTAGE} minutes",
        "interval": "1m",
        "input_series": [
            {"series": series(recorded.EVENTS_1M), "values": f"{events}x{_AT}"},
            {
                "series": series(recorded.COUNTED_1M),
                "values": f"{before}x{_GOOD} {then}x{_OUTAGE - 1}",
            },
        ],
        "promql_expr_test": [
            _expects(f"sum({series(slo.BAD_EVENTS, window='5m')})", 5 * events),
            _expects(f"sum({series(slo.ERROR_RATIO, window='5m')})", 1),
            _expects(f"sum({series(slo.EVENTS)})", _AT * events),
            _expects(f"sum({series(slo.GOOD_EVENTS)})", _GOOD * events),
            _expects(f"sum({series(slo.BUDGET_REMAINING)} < bool 1)", 1),
            *(_expects(firing, 1) for firing in _firing(each, alerts)),
        ],
    }


def _firing(each: Slo, alerts: Sequence[TunedAlert]) -> Iterator[str]:
    """The page over the shortest window, where the SLO has one."""
    for tuned in alerts:
        tier = tuned.when.tier()
        if tuned.name != _PAGE or tier is None or tuned.only or tuned.without or tuned.among:
            continue
        if tier.period in ("", window(each.window).label) and _fires(each, tier.factor):
            labels = {**dict(tuned.labels), "slo": each.name, "slo_service": each.service}
            whole = {"alertname": tuned.name, "alertstate": "firing", **labels}
            yield f"count({selector('ALERTS', equal(tuple(whole.items())))})"
            return


def _fires(each: Slo, factor: float) -> bool:
    """Whether a total outage burns so fast."""
    return factor * (100 - each.objective) / 100 < 1


def _expects(expression: str, value: float) -> Document:
    return {
        "eval_time": f"{_AT}m",
        "expr": expression,
        "exp_samples": [{"labels": "{}", "value": value}],
    }
