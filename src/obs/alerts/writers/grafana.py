"""Alert rules that Grafana evaluates itself, as a provisioning file; Grafana 12.2 or later.

Grafana asks for the values of all objects and compares them itself. So that nothing resolves
because its source fell silent, the last known gauge stands while the source is not up; of counters
nothing is asked then, and what has no answer keeps its state. Both last as long as in Prometheus'
rules, which look at their own ALERTS, for which Grafana has no like.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.annotations import NEVER, described, value_form
from obs.alerts.condition import (
    Above,
    Below,
    Burn,
    Equals,
    ErrorRate,
    Increase,
    Labels,
    Overdue,
    Quiet,
    Share,
)
from obs.alerts.definitions import GROUPS
from obs.alerts.writers.prometheus import VALUES, annotations, panel_link, shared_labels
from obs.alerts.writers.promql import (
    answering,
    expression,
    increased,
    indented,
    present,
    share,
    unless_seen,
    watched,
)
from obs.catalogue import slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, number
from obs.ids import dashboard_uid, panel_id, rule_uid
from obs.spec.system import System

INTERVAL: Final = 60
"""Seconds between evaluations."""

GrafanaRuleDocument = dict[str, Any]

_EXPRESSIONS: Final = "__expr__"  # what Grafana calls its own arithmetic, as a datasource
_CONDITION: Final = "C"
_TOLD: Final = "E"  # what is not compared but told
_LOOK_BACK: Final = 600  # seconds; an instant query needs a range all the same
_ON_ERROR: Final = {"ObsCollectorAbsent": "Alerting", "ObsWatchdog": "OK"}
"""Where Prometheus does not answer nothing is watched, and the dead man's switch has to notice.
Other alerts stay as they are.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What Grafana asks, by letter, and how it compares the answers. A is the value told.

    `kept`: an object without an answer keeps its state for some time.
    """

    queries: dict[str, str]
    condition: str
    kept: bool = False


def provisioning(alerts: Sequence[TunedAlert], system: System) -> GrafanaRuleDocument:
    """The provisioning file: a group for each kind of object."""
    groups = []
    for name, definitions in GROUPS.items():
        names = {alert.name for alert in definitions}
        rules = [_rule(tuned, system) for tuned in alerts if tuned.name in names]
        if rules:
            groups.append(
                {
                    "orgId": system.targets.grafana.org,
                    "name": f"{system.system}-{system.environment}-{name}",
                    "folder": system.targets.grafana.folder or system.system,
                    "interval": duration(INTERVAL),
                    "rules": rules,
                }
            )
    return {"apiVersion": 1, "groups": groups}


def asked(tuned: TunedAlert) -> Asked:
    """The condition of an alert in Grafana's terms; thresholds are in `condition` only."""
    match tuned.when:
        case Above(metric, threshold):
            return Asked({"A": _gauge(tuned, metric)}, f"$A > {number(threshold)}")
        case Below(metric, threshold):
            return Asked({"A": _gauge(tuned, metric)}, f"$A < {number(threshold)}")
        case Equals(metric, value, where):
            return Asked({"A": _gauge(tuned, metric, where)}, f"$A == {number(value)}")
        case Share(_, _, threshold):
            when = tuned.when
            percent = _lasting(tuned, lambda held: share(tuned, when, held))
            return Asked({"A": percent}, f"$A > {number(threshold)}")
        case Increase(metric, threshold, window, _, where):
            grown = _answered(tuned, increased(tuned, metric, window, where))
            return Asked({"A": grown}, f"$A > {number(threshold)}", kept=True)
        case Quiet(metric, threshold, window):
            grown = f"{increased(tuned, metric, window)}\n{watched(tuned, tuned.when)}"
            return Asked({"A": grown}, f"$A < {number(threshold)}", kept=True)
        case ErrorRate():
            return _error_rate(tuned, tuned.when)
        case Burn():
            return _burn(tuned, tuned.when)
        case Overdue(moment):
            told = {"A": expression(tuned), _TOLD: present(tuned, moment)}
            return Asked(told, "is_number($A)")
        case _:
            return Asked({"A": expression(tuned)}, "is_number($A)")


def _lasting(tuned: TunedAlert, known: Callable[[float], str]) -> str:
    """What is known now, or while the source is silent what was known last; by seconds held."""
    if not tuned.alert.keep_firing:
        return known(0)
    last = f"{known(tuned.alert.keep_firing)}\n{unless_seen(tuned)}"
    return f"{known(0)}\nor (\n{indented(last)}\n)"


def _gauge(tuned: TunedAlert, metric: Metric, where: Labels = ()) -> str:
    return _lasting(tuned, lambda held: present(tuned, metric, held, where))


def _answered(tuned: TunedAlert, grown: str) -> str:
    """An increase shrinks as its window empties: it is asked for only while the source is up."""
    return f"{grown}\n{answering(tuned)}" if tuned.alert.keep_firing else grown


def _error_rate(tuned: TunedAlert, when: ErrorRate) -> Asked:
    bad = increased(tuned, when.bad, when.window)
    total = increased(tuned, when.total, when.window)
    percent = f"100 * {bad}\n  / clamp_min({total}, 1)"
    return Asked(
        {"A": _answered(tuned, percent), "B": _answered(tuned, total)},
        f"$A > {number(when.threshold)} && $B >= {number(when.minimum)}",
        kept=True,
    )


def _burn(tuned: TunedAlert, when: Burn) -> Asked:
    def over(metric: Metric, window: str) -> str:
        return _gauge(tuned, metric, (("window", window),))

    def long(held: float) -> str:
        burn = present(tuned, when.burn, held, (("window", when.long),))
        if not when.period:
            return burn
        of_period = (("slo_window", when.period),)
        return f"{burn}\nand {present(tuned, slo.INFO, held, of_period, narrowed=False)}"

    return Asked(
        {
            "A": _lasting(tuned, long),
            "B": over(when.burn, when.short),
            "D": over(when.bad, when.long),
            _TOLD: over(slo.EXHAUSTION, when.long),
        },
        f"$A > {number(when.factor)} && $B > {number(when.factor)}"
        f" && $D >= {number(when.min_bad_events)}",
    )


def _rule(tuned: TunedAlert, system: System) -> GrafanaRuleDocument:
    title = _title(tuned)
    what = asked(tuned)
    source = system.targets.grafana.datasource
    page = tuned.alert.panel.partition("/")[0]
    link = panel_link(tuned, system, lambda label: f"{{{{ .Labels.{label} | urlquery }}}}")
    kept = round(tuned.alert.keep_firing / INTERVAL) if what.kept else 0
    return {
        "uid": rule_uid(system.system, system.environment, title),
        "title": title,
        "condition": _CONDITION,
        "data": [
            *(_query(ref, text, source) for ref, text in what.queries.items()),
            _math(what.condition),
        ],
        "noDataState": "KeepLast" if kept else "OK",
        "execErrState": _ON_ERROR.get(tuned.name, "KeepLast"),
        "for": duration(tuned.hold) if tuned.hold >= 1 else "0s",
        **({"missing_series_evals_to_resolve": kept} if kept else {}),
        "dashboardUid": dashboard_uid(system.known_as, page),
        "panelId": panel_id(tuned.alert.panel),
        "annotations": {
            **annotations(tuned, system),
            "description": described(tuned, lambda name: _template(name, tuned)),
            **({"dashboard_url": link} if link else {}),
        },
        "labels": {label: _escaped(text) for label, text in _labels(tuned, system).items()},
    }


def _title(tuned: TunedAlert) -> str:
    """Grafana wants titles to differ, and makes them the alerts' names."""
    period = tuned.when.period if isinstance(tuned.when, Burn) else ""
    tier = dict(tuned.labels).get("tier", "")
    parts = (tuned.name, tier, period, *(f"{label}={text}" for label, text in tuned.only))
    return " ".join(filter(None, parts))


def _labels(tuned: TunedAlert, system: System) -> dict[str, str]:
    own = {"severity": str(tuned.severity), **shared_labels(system), **dict(tuned.labels)}
    return dict(sorted(own.items()))


def _query(ref: str, text: str, source: str) -> GrafanaRuleDocument:
    return {
        "refId": ref,
        "relativeTimeRange": {"from": _LOOK_BACK, "to": 0},
        "datasourceUid": source,
        "model": {
            "refId": ref,
            "datasource": {"type": "prometheus", "uid": source},
            "expr": text,
            "instant": True,
            "range": False,
        },
    }


def _math(condition: str) -> GrafanaRuleDocument:
    return {
        "refId": _CONDITION,
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": _EXPRESSIONS,
        "model": {
            "refId": _CONDITION,
            "datasource": {"type": _EXPRESSIONS, "uid": _EXPRESSIONS},
            "type": "math",
            "expression": condition,
        },
    }


def _template(name: str, tuned: TunedAlert) -> str:
    """Without a $, which Grafana takes for a variable of its environment in some versions."""
    if name == "value":
        return VALUES[value_form(tuned.when)].replace("$value", '(index .Values "A").Value')
    known = f'(index .Values "{_TOLD}")'
    if name == "never":
        return f"{{{{ if not {known}.Labels }}}}{NEVER}{{{{ end }}}}"
    if name == "exhaustion":
        return (
            f"{{{{ if {known}.Labels }}}}{{{{ {known}.Value | humanizeDuration }}}}"
            "{{ else }}unknown{{ end }}"
        )
    return f"{{{{ .Labels.{name} }}}}"


def _escaped(text: str) -> str:
    return text.replace("$", "$$")
