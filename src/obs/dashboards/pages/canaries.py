"""Marked events that the collector publishes and sees arrive."""

from typing import Final

from grafanalib import core

from obs.catalogue import canary as metrics
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import RANGE, VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

SHOWN: Final = 10
"""Canaries drawn in one panel: those that were worst in the time range."""
_NONE: Final = "No canary was published; see Collector"
_TITLES: Final = {"canary": "Canary"}


def page(context: BuildContext) -> Page | None:
    """The page; None where there are no canaries."""
    if not context.canaries:
        return None
    panels = MetricPanels(context, VariableScope(metrics.CANARY), _NONE, context.canary_poll)
    return Page(
        "canaries",
        "Canaries",
        "Do events arrive at the other end, how fast, and where do they stop?",
        variables(metrics.PUBLISHED, *metrics.CANARY),
        [
            Section("", [_summary(panels), _arriving(panels)]),
            Section("Latency and loss", [_latency(panels), _counts(panels)]),
            Section("Canaries", [_table(panels)]),
        ],
    )


def _summary(panels: MetricPanels) -> Band:
    stopped = panels.count(
        "canaries/stopped",
        metrics.STAGE,
        "> 0",
        title="Canaries that do not arrive",
        description="Canaries whose last event did not arrive.",
    )
    known = panels.stat(
        "canaries/canaries",
        metrics.PUBLISHED,
        title="Canaries",
        description="Canaries that are published.",
        total="count",
        unit="none",
        steps=PLAIN,
    )
    slowest = panels.stat(
        "canaries/slowest",
        metrics.LAST_LATENCY,
        title="Slowest canary",
        description="The highest latency of the last events.",
        total="max",
    )
    lost = panels.stat(
        "canaries/lost_in_range",
        metrics.LOST,
        title="Lost",
        description="Events that were lost in the time range.",
        window=RANGE,
        total="sum",
    )
    return Band(4, [stopped, known, slowest, lost])


def _arriving(panels: MetricPanels) -> Band:
    unarrived = panels.alert_lines("canaries/unarrived", highest=SHOWN)
    return Band(8, [panels.states("canaries/stages", metrics.STAGE), unarrived])


def _latency(panels: MetricPanels) -> Band:
    return Band(8, [panels.alert_lines("canaries/latency", highest=SHOWN), _lost(panels)])


def _lost(panels: MetricPanels) -> core.TimeSeries:
    return panels.lines("canaries/lost", metrics.LOST, highest=SHOWN)


def _counts(panels: MetricPanels) -> Band:
    return Band(
        7,
        [
            panels.lines("canaries/published", metrics.PUBLISHED, highest=SHOWN),
            panels.lines("canaries/failures", metrics.FAILURES, highest=SHOWN),
            panels.lines("canaries/late", metrics.LATE, highest=SHOWN),
            panels.lines("canaries/duplicates", metrics.DUPLICATES, highest=SHOWN),
        ],
    )


def _table(panels: MetricPanels) -> Band:
    columns = [
        panels.column(metrics.STAGE),
        panels.column(metrics.LAST_LATENCY),
        panels.column(metrics.PUBLISHED, window=RANGE),
        panels.column(metrics.LOST, window=RANGE),
        panels.column(metrics.LAST_ARRIVAL),
    ]
    rows = TableRows(_TITLES, widths={"canary": 200})
    whole: core.Panel = panels.table(
        "canaries/table", "Canaries", "Every canary, and its last event.", rows, columns, "Canary"
    )
    return Band(8, [whole])
