"""The servers of NATS, and what the collector needs of them."""

from grafanalib import core

from obs.catalogue import nats
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable, variables
from obs.dashboards.pages.jetstream import NONE
from obs.dashboards.thresholds import PLAIN


def page(context: BuildContext) -> Page | None:
    """The page; None without a NATS source."""
    if not context.nats:
        return None
    servers = MetricPanels(context, VariableScope(nats.SERVER), NONE, context.nats_poll)
    source = MetricPanels(context, VariableScope(nats.SERVER[:1]), NONE, context.nats_poll)
    return Page(
        "servers",
        "NATS servers",
        "Are the servers well, and do they tell all that they hold?",
        [*variables(nats.SERVER_UP, "nats"), Variable("server", nats.SERVER_UP)],
        [
            Section("", [_answer(servers), _states(servers)]),
            Section("Load", [_load(servers), _storage(servers)]),
            Section("What they tell", [_told(source)]),
        ],
    )


def _answer(panels: MetricPanels) -> Band:
    up = nats.SERVER_UP
    answering = panels.stat(
        "servers/answering",
        up,
        text="value_and_name",
        title="Servers that answer",
        description="Servers that responded, of all known servers.",
        queries=[
            panels.query(up, "answer", total="sum"),
            panels.query(up, "known", total="count"),
        ],
        steps=PLAIN,
        mappings=(),
    )
    unhealthy = panels.count(
        "servers/unhealthy",
        nats.SERVER_HEALTHY,
        "== 0",
        title="Unhealthy servers",
        description="Servers that say of themselves that they are not healthy.",
    )
    clients = panels.stat(
        "servers/clients",
        nats.SERVER_CONNECTIONS,
        title="Connected clients",
        description="Client connections of all chosen servers together.",
        total="sum",
    )
    return Band(4, [answering, unhealthy, clients])


def _load(panels: MetricPanels) -> Band:
    connections = panels.lines(
        "servers/connections",
        nats.SERVER_CONNECTIONS,
        title="Connections of each server",
        description="A server that loses all at once was restarted, or cannot be reached.",
    )
    slow = panels.lines("servers/slow_clients", nats.SERVER_SLOW_CLIENTS)
    errors = panels.lines("servers/api_errors", nats.SERVER_API_ERRORS)
    return Band(8, [connections, slow, errors])


def _states(panels: MetricPanels) -> Band:
    up = panels.states("servers/up", nats.SERVER_UP)
    return Band(8, [up, panels.states("servers/healthy", nats.SERVER_HEALTHY)])


def _storage(panels: MetricPanels) -> Band:
    return Band(8, [_line(panels, "memory"), _line(panels, "store")])


def _told(panels: MetricPanels) -> Band:
    legend = "{{nats}} {{asset}}: {{reason}}"
    missing = panels.alert_lines("servers/missing", legend=legend)
    expiring = panels.alert_lines("servers/credentials", legend="{{nats}} {{connection}}")
    return Band(8, [missing, expiring])


def _line(panels: MetricPanels, name: str) -> core.TimeSeries:
    return panels.alert_lines(f"servers/{name}")
