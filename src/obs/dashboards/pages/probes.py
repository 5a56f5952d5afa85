"""What the collector probes."""

from typing import Final

from grafanalib import core

from obs.catalogue import probe as metrics
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import RANGE, VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

SHOWN: Final = 10
"""Targets drawn in one panel: those that were worst in the time range."""
_NONE: Final = "Nothing was probed; see Collector"
_TITLES: Final = {"probe": "Source", "target": "Target"}


def page(context: BuildContext) -> Page | None:
    """The page; None where nothing is probed."""
    if not context.probes:
        return None
    panels = MetricPanels(context, VariableScope(metrics.TARGET), _NONE, context.probe_poll)
    return Page(
        "probes",
        "Probes",
        "Do the targets answer, in time, and for how long are their certificates valid?",
        variables(metrics.PROBES, *metrics.TARGET),
        [
            Section("", [_answer(panels), _failing(panels)]),
            Section("Latency", [_latency(panels)]),
            Section("Certificates and dependencies", [_beside(panels), _left_out(panels)]),
            Section("Targets", [_table(panels)]),
        ],
    )


def _availability(panels: MetricPanels) -> str:
    """The share of the range's probes that succeeded."""
    failed = panels.scope.grown(metrics.FAILED_ALL, RANGE)
    return f"1 - {failed}\n/ ({panels.scope.grown(metrics.PROBES, RANGE)} > 0)"


def _answer(panels: MetricPanels) -> Band:
    down = panels.count(
        "probes/down",
        metrics.UP,
        "== 0",
        title="Targets down",
        description="Targets whose last probe failed.",
    )
    known = panels.stat(
        "probes/targets",
        metrics.UP,
        title="Targets",
        description="Targets that were probed.",
        total="count",
        steps=PLAIN,
        mappings=(),
    )
    lowest = panels.stat(
        "probes/lowest_availability",
        metrics.FAILED_ALL,
        title="Lowest availability",
        description="Share of the probes that succeeded in the time range, of the worst target.",
        expr=f"min({_availability(panels)})",
        unit="percentunit",
        legend="",
        steps=PLAIN,
    )
    slowest = panels.stat(
        "probes/slowest",
        metrics.DURATION,
        title="Slowest target",
        description="Duration of the slowest of the last probes.",
        total="max",
    )
    expires = panels.stat(
        "probes/first_certificate",
        metrics.CERTIFICATE_REMAINING,
        title="First certificate expires in",
        description="Time until the first of the certificates expires.",
        total="min",
    )
    dependencies = panels.count(
        "probes/dependencies_down",
        metrics.DEPENDENCY_UP,
        "== 0",
        title="Dependencies down",
        description="Dependencies that readiness answers report as down.",
    )
    return Band(4, [down, known, lowest, slowest, expires, dependencies])


def _failing(panels: MetricPanels) -> Band:
    failed = panels.lines(
        "probes/failures",
        metrics.FAILED,
        by=("target", "reason"),
        highest=SHOWN,
        title="Failed probes by reason",
    )
    return Band(8, [panels.states("probes/states", metrics.UP), _in_a_row(panels), failed])


def _in_a_row(panels: MetricPanels) -> core.TimeSeries:
    return panels.alert_lines("probes/failing", highest=SHOWN)


def _latency(panels: MetricPanels) -> Band:
    phases = panels.lines(
        "probes/phases",
        metrics.PHASE,
        by=("target", "phase"),
        highest=SHOWN,
    )
    return Band(8, [panels.alert_lines("probes/duration", highest=SHOWN), phases])


def _beside(panels: MetricPanels) -> Band:
    certificates = panels.alert_lines("probes/certificates")
    return Band(8, [certificates, panels.states("probes/dependencies", metrics.DEPENDENCY_UP)])


def _left_out(panels: MetricPanels) -> Band:
    codes = panels.lines("probes/http_status", metrics.HTTP_STATUS, highest=SHOWN)
    return Band(7, [codes, panels.lines("probes/left_out", metrics.DEPENDENCIES_LEFT_OUT)])


def _table(panels: MetricPanels) -> Band:
    columns = [
        panels.column(metrics.UP),
        panels.column(
            metrics.FAILED_ALL,
            title="Availability",
            expr=_availability(panels),
            unit="percentunit",
            decimals=3,
        ),
        panels.column(metrics.FAILED_IN_A_ROW),
        panels.column(metrics.DURATION),
        panels.column(metrics.HTTP_STATUS),
        panels.column(metrics.CERTIFICATE_EXPIRES),
        panels.column(metrics.LAST_SUCCESS),
    ]
    rows = TableRows(_TITLES, widths={"probe": 120})
    description = (
        "Every target; availability is the share of its probes that succeeded in the range."
    )
    by = "Failed in a row"
    whole: core.Panel = panels.table("probes/table", "Targets", description, rows, columns, by)
    return Band(10, [whole])
