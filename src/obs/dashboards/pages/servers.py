"""The servers of NATS, and what the collector needs of them."""

from grafanalib import core

from obs.catalogue import nats, nats_links
from obs.catalogue import nats_server as metrics
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
            Section("Load", [_load(servers), _traffic(servers), _troubles(servers)]),
            Section("JetStream", [_storage(servers), _group(servers)]),
            Section("Leaf nodes and gateways", [_links(source)]),
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
    memory = panels.lines("servers/resident_memory", metrics.RESIDENT_MEMORY)
    return Band(8, [_line(panels, "cpu"), memory, _line(panels, "connections")])


def _traffic(panels: MetricPanels) -> Band:
    named = (
        ("received_messages", metrics.RECEIVED_MESSAGES),
        ("sent_messages", metrics.SENT_MESSAGES),
        ("subscriptions", metrics.SUBSCRIPTIONS),
    )
    return Band(8, [panels.lines(f"servers/{name}", metric) for name, metric in named])


def _troubles(panels: MetricPanels) -> Band:
    return Band(8, [_line(panels, "slow_clients"), _line(panels, "api_errors")])


def _group(panels: MetricPanels) -> Band:
    leader = panels.states("servers/meta_leader", metrics.META_LEADER_KNOWN)
    pending = panels.lines("servers/meta_pending", metrics.META_PENDING)
    return Band(8, [leader, pending])


def _states(panels: MetricPanels) -> Band:
    up = panels.states("servers/up", nats.SERVER_UP)
    return Band(8, [up, panels.states("servers/healthy", nats.SERVER_HEALTHY)])


def _storage(panels: MetricPanels) -> Band:
    return Band(8, [_line(panels, "memory"), _line(panels, "store")])


def _links(panels: MetricPanels) -> Band:
    leaf_nodes = panels.states(
        "servers/leaf_nodes", nats_links.LEAF_UP, legend="{{account}} {{leaf}}"
    )
    gateways = panels.states(
        "servers/gateways", nats_links.GATEWAY_UP, legend="{{server}} to {{gateway}}"
    )
    return Band(8, [leaf_nodes, gateways])


def _told(panels: MetricPanels) -> Band:
    legend = "{{nats}} {{asset}}: {{reason}}"
    missing = panels.alert_lines("servers/missing", legend=legend)
    expiring = panels.alert_lines("servers/credentials", legend="{{nats}} {{connection}}")
    return Band(8, [missing, expiring])


def _line(panels: MetricPanels, name: str) -> core.TimeSeries:
    return panels.alert_lines(f"servers/{name}")
