"""The accounts of NATS clusters: their limits, and what they do."""

from obs.catalogue import nats
from obs.catalogue import nats_accounts as metrics
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.pages.jetstream import NONE
from obs.dashboards.thresholds import PLAIN

_BUSIEST = 10


def page(context: BuildContext) -> Page | None:
    """The page; None where no accounts are collected."""
    if "accounts" not in context.groups:
        return None
    panels = MetricPanels(context, VariableScope(nats.SERVER[:1]), NONE, context.nats_poll)
    return Page(
        "accounts",
        "NATS accounts",
        "Which account is near its limits, and which one makes the load?",
        variables(nats.SERVER_UP, "nats"),
        [
            Section("", [_together(panels)]),
            Section("Limits", [_limits(panels)]),
            Section("Load", [_load(panels), _api(panels)]),
        ],
    )


def _together(panels: MetricPanels) -> Band:
    connections = panels.stat(
        "accounts/all_connections",
        metrics.CONNECTIONS,
        title="Connections",
        description="Client connections of all accounts together.",
        total="sum",
        steps=PLAIN,
    )
    received = panels.stat(
        "accounts/all_received",
        metrics.RECEIVED,
        title="Messages per second",
        description="Messages that the servers received from all accounts together, per second.",
        total="sum",
        steps=PLAIN,
    )
    streams = panels.stat(
        "accounts/all_streams",
        metrics.STREAMS,
        title="Streams",
        description="Streams of all accounts together.",
        total="sum",
        steps=PLAIN,
    )
    errors = panels.stat(
        "accounts/all_api_errors",
        metrics.API_ERRORS,
        title="API errors per second",
        description="JetStream API requests of all accounts that failed, per second.",
        total="sum",
        steps=PLAIN,
    )
    return Band(4, [connections, received, streams, errors])


def _limits(panels: MetricPanels) -> Band:
    """How much of their limits accounts use, and what of JetStream's storage."""
    used = panels.alert_lines("accounts/limits", legend="{{account}}: {{limit}}")
    store = panels.lines("accounts/store", metrics.STORE, legend="{{account}}", highest=_BUSIEST)
    return Band(8, [used, store])


def _load(panels: MetricPanels) -> Band:
    """The accounts with the most connections and messages."""
    connections = panels.lines(
        "accounts/connections", metrics.CONNECTIONS, legend="{{account}}", highest=_BUSIEST
    )
    legend = "{{account}} on {{server}}"
    received = panels.lines("accounts/received", metrics.RECEIVED, legend=legend, highest=_BUSIEST)
    sent = panels.lines("accounts/sent", metrics.SENT, legend=legend, highest=_BUSIEST)
    return Band(8, [connections, received, sent])


def _api(panels: MetricPanels) -> Band:
    """What accounts ask of JetStream."""
    requests = panels.lines(
        "accounts/api_requests", metrics.API_REQUESTS, legend="{{account}}", highest=_BUSIEST
    )
    errors = panels.lines(
        "accounts/api_errors", metrics.API_ERRORS, legend="{{account}}", highest=_BUSIEST
    )
    return Band(8, [requests, errors])
