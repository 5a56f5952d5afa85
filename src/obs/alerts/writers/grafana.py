"""Alert rules that Grafana evaluates itself, as a provisioning file; Grafana 12.2 or later."""

from collections.abc import Sequence
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.annotations import described
from obs.alerts.definitions import groups_of
from obs.alerts.writers.prometheus import VALUES, annotations, panel_link, shared_labels
from obs.alerts.writers.templates import go_text
from obs.catalogue.query import duration
from obs.ids import dashboard_uid, fitted, panel_id, rule_uid
from obs.spec.system import System

INTERVAL: Final = 60
"""Seconds between evaluations."""
LONGEST_TITLE: Final = 190
"""Bytes of a rule's title, the limit of Grafana."""

GrafanaRuleDocument = dict[str, Any]

_EXPRESSIONS: Final = "__expr__"  # what Grafana calls its own arithmetic, as a datasource
_CONDITION: Final = "C"
_LOOK_BACK: Final = 600  # seconds; an instant query needs a range all the same
_ON_ERROR: Final = {"ObsCollectorAbsent": "Alerting", "ObsWatchdog": "OK"}
"""Where Prometheus does not answer nothing is watched, and the dead man's switch has to notice.
Other alerts stay as they are.
"""


def provisioning(alerts: Sequence[TunedAlert], system: System) -> GrafanaRuleDocument:
    """The provisioning file, in which Grafana replaces variables of its environment: $$ is a $.

    Not in queries, and annotations have no $.
    """
    return {"apiVersion": 1, "groups": [_in_file(group) for group in groups(alerts, system)]}


def groups(alerts: Sequence[TunedAlert], system: System) -> list[GrafanaRuleDocument]:
    """A group for each kind of object, as Grafana is to have it."""
    found = []
    for name, definitions in groups_of(system).items():
        names = {alert.name for alert in definitions}
        rules = [_rule(tuned, system) for tuned in alerts if tuned.name in names]
        if rules:
            found.append(
                {
                    "orgId": system.targets.grafana.org,
                    "name": f"{system.full_name}-{name}",
                    "folder": system.targets.grafana.folder or system.system,
                    "interval": duration(INTERVAL),
                    "rules": rules,
                }
            )
    return found


def _in_file(group: GrafanaRuleDocument) -> GrafanaRuleDocument:
    rules = [
        {
            **rule,
            "title": in_file(rule["title"]),
            "labels": {label: in_file(text) for label, text in rule["labels"].items()},
        }
        for rule in group["rules"]
    ]
    return {**group, "folder": in_file(group["folder"]), "rules": rules}


def in_file(text: str) -> str:
    """A text of a provisioning file, in which Grafana finds no variable."""
    return text.replace("$", "$$")


def _rule(tuned: TunedAlert, system: System) -> GrafanaRuleDocument:
    title = _title(tuned)
    query = tuned.when.grafana(tuned)
    source = system.targets.grafana.datasource
    page = tuned.alert.panel.partition("/")[0]
    link = panel_link(tuned, system, lambda label: f"{{{{ .Labels.{label} | urlquery }}}}")
    lasting = round(tuned.keep_firing / INTERVAL) if query.keeps_state else 0
    return {
        "uid": rule_uid(system.system, system.environment, title),
        "title": fitted(title, LONGEST_TITLE),
        "condition": _CONDITION,
        "data": [
            *(_query(ref, text, source) for ref, text in query.queries.items()),
            _math(query.condition),
        ],
        "noDataState": "KeepLast" if lasting else "OK",
        "execErrState": _ON_ERROR.get(tuned.name, "KeepLast"),
        "for": duration(tuned.hold) if tuned.hold >= 1 else "0s",
        **({"missing_series_evals_to_resolve": lasting} if lasting else {}),
        "dashboardUid": dashboard_uid(system.known_as, page),
        "panelId": panel_id(tuned.alert.panel),
        "annotations": {
            **annotations(tuned, system),
            "description": described(tuned, lambda name: _template(name, tuned)),
            **({"dashboard_url": link} if link else {}),
        },
        "labels": {label: go_text(text) for label, text in _labels(tuned, system).items()},
    }


def _title(tuned: TunedAlert) -> str:
    """Grafana wants titles to differ, and makes them the alerts' names."""
    tier = tuned.when.tier()
    of_tier = (tier.long, tier.period) if tier else ()
    only = (f"{label}={text}" for label, text in tuned.only)
    parts = (tuned.name, *of_tier, tuned.part, *only)
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
        return VALUES[tuned.when.words().form].replace("$value", '(index .Values "A").Value')
    own = tuned.when.placeholders(tuned).get(name)
    return own.grafana if own else f"{{{{ .Labels.{name} }}}}"
