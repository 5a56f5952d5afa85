"""Micro services of NATS."""

from typing import Final

from grafanalib import core

from obs.catalogue import nats_services as metrics
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

SHOWN: Final = 10
"""Endpoints drawn in one panel: those that were worst in the time range."""
_NONE: Final = "No micro service answers; see Collector"
_TITLES: Final = {
    "nats": "NATS",
    "account": "Account",
    "nats_service": "Service",
    "nats_endpoint": "Endpoint",
}


def page(context: BuildContext) -> Page | None:
    """The page; None where no source collects micro services."""
    if "services" not in context.groups:
        return None
    services = MetricPanels(context, VariableScope(metrics.SERVICE), _NONE, context.nats_poll)
    source = MetricPanels(context, VariableScope(("nats",)), _NONE, context.nats_poll)
    return Page(
        "services",
        "NATS micro services",
        "Do the micro services run, and do they answer well and in time?",
        [*variables(metrics.INSTANCES, *metrics.SERVICE)],
        [
            Section("", [_answer(services), _instances(services)]),
            Section("Endpoints", [_endpoints(services), _table(services)]),
            Section("What they tell", [_told(source)]),
        ],
    )


def _answer(panels: MetricPanels) -> Band:
    down = panels.count(
        "services/down",
        metrics.INSTANCES,
        "== 0",
        title="Services without an instance",
        description="Services of which no instance answers any more.",
    )
    running = panels.stat(
        "services/running",
        metrics.INSTANCES,
        title="Running instances",
        description="Instances of all chosen services together.",
        total="sum",
        steps=PLAIN,
    )
    requests = panels.stat(
        "services/requests_total",
        metrics.REQUESTS,
        title="Requests per second",
        description="Requests to all chosen services together, per second.",
        total="sum",
    )
    errors = panels.stat(
        "services/errors_total",
        metrics.ERRORS,
        title="Errors per second",
        description="Requests that were answered with an error, per second.",
        total="sum",
    )
    return Band(4, [down, running, requests, errors])


def _instances(panels: MetricPanels) -> Band:
    missing = panels.lines("services/missing_instances", metrics.MISSING_INSTANCES)
    return Band(8, [panels.alert_lines("services/instances"), missing])


def _endpoints(panels: MetricPanels) -> Band:
    requests = panels.lines("services/requests", metrics.REQUESTS, highest=SHOWN)
    errors = panels.alert_lines("services/error_rate", highest=SHOWN, title="Error rate")
    processing = panels.alert_lines("services/processing", highest=SHOWN)
    return Band(8, [requests, errors, processing])


def _table(panels: MetricPanels) -> Band:
    columns = [
        panels.column(metrics.REQUESTS, title="Requests/s", decimals=1),
        panels.column(metrics.ERRORS, title="Errors/s", decimals=2),
        panels.column(metrics.AVERAGE),
        panels.column(metrics.LAST_ERROR),
    ]
    rows = TableRows(_TITLES, widths={"nats": 90, "account": 80})
    description = "Every endpoint of the chosen services, of all instances together."
    title, by = "Endpoints", "Requests/s"
    whole: core.Panel = panels.table("services/endpoints", title, description, rows, columns, by)
    return Band(9, [whole])


def _told(panels: MetricPanels) -> Band:
    return Band(7, [panels.lines("services/left_out", metrics.LEFT_OUT, legend="{{reason}}")])
