"""Panels of the alerts of a system that fire, as the Prometheus that evaluates them has them."""

from collections.abc import Sequence
from typing import Final

from grafanalib import core

from obs.alerts.alert import Severity
from obs.catalogue.query import Matcher, equal, max_by, selector
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import OBJECT
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.panels import stat
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import from_one
from obs.dashboards.units import NUMBER

_NO_RULES: Final = "No alert rules of this system are evaluated by this Prometheus"


def count(context: BuildContext, severity: Severity, title: str, action: str) -> core.Stat:
    """How many alerts fire; nothing where the watchdog shows that no rules are evaluated."""
    firing = _alerts(context, severity=severity.value)
    evaluated = f"0 * max({_alerts(context, alertname='ObsWatchdog')})"
    return stat(
        f"overview/{severity.value}",
        title,
        f"Firing alerts of this system. {action}",
        [Query(f"count({firing}) or {evaluated}")],
        FieldOptions(NUMBER, from_one(theme.SEVERITY[severity]), _NO_RULES),
        background=True,
    )


def firing_table(context: BuildContext) -> core.Table:
    labels = ("severity", "alertname", "object")
    since = max_by(labels, _with_object(selector("ALERTS_FOR_STATE", equal(context.labels))))
    others = [("alertname", "!=", "ObsWatchdog")]
    firing = max_by(labels, _with_object(_alerts(context, among=others)))
    return table(
        "overview/firing",
        "Firing alerts",
        "Alerts that fire now, the object they are about, and since when.",
        TableRows(
            {"severity": "Severity", "alertname": "Alert", "object": "About"},
            mappings={"severity": theme.SEVERITIES},
            widths={"severity": 80, "alertname": 230},
        ),
        [Column("Since", f"1000 * ({since}\nand {firing})", "dateTimeFromNow", width=150)],
        FieldOptions(NUMBER, none="No alert fires, or no rules are evaluated"),
        sort_by="Severity",
        descending=False,
    )


def _alerts(context: BuildContext, among: Sequence[Matcher] = (), **labels: str) -> str:
    """The firing alerts of the system."""
    chosen = equal((("alertstate", "firing"), *labels.items()))
    return selector("ALERTS", (*equal(context.labels), *chosen, *among))


def _with_object(alerts: str) -> str:
    """Alerts with one label that names what they are about."""
    names = ", ".join(f'"{label}"' for label in OBJECT)
    return f'label_join({alerts}, "object", " ", {names})'
