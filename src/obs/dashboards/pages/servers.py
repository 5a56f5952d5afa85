"""The servers of NATS, and what the collector needs of them."""

from collections.abc import Callable, Mapping
from typing import Final

from grafanalib import core

from obs.catalogue import nats, nats_links, nats_routes
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
            *_numbers(servers),
            *_linked(servers, source),
            Section("What they tell", [_told(source)]),
        ],
    )


def _numbers(panels: MetricPanels) -> list[Section]:
    """What servers tell of themselves, where that is collected."""
    if "servers" not in panels.context.groups:
        return []
    return [
        Section("Load", [_load(panels), _traffic(panels), _troubles(panels)]),
        Section("JetStream", [_storage(panels), _group(panels)]),
    ]


def _linked(servers: MetricPanels, source: MetricPanels) -> list[Section]:
    """What the servers are linked to, as far as it is collected."""
    groups = servers.context.groups
    found: list[Section] = []
    if "routes" in groups:
        found.append(Section("Routes", [_routes(servers)]))
    if links := [make(source) for group, make in _LINKS.items() if group in groups]:
        found.append(Section("Leaf nodes and gateways", [Band(8, links)]))
    return found


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
    if "servers" not in panels.context.groups:
        return Band(4, [answering, unhealthy])
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


def _routes(panels: MetricPanels) -> Band:
    legend = "{{server}} to {{route}}"
    up = panels.states("servers/routes", nats_routes.ROUTE_UP, legend=legend)
    pending = panels.lines("servers/route_pending", nats_routes.PENDING, legend=legend)
    round_trip = panels.lines("servers/route_round_trip", nats_routes.ROUND_TRIP, legend=legend)
    return Band(8, [up, pending, round_trip])


def _leaf_nodes(panels: MetricPanels) -> core.StateTimeline:
    return panels.states("servers/leaf_nodes", nats_links.LEAF_UP, legend="{{account}} {{leaf}}")


def _gateways(panels: MetricPanels) -> core.StateTimeline:
    return panels.states(
        "servers/gateways", nats_links.GATEWAY_UP, legend="{{server}} to {{gateway}}"
    )


def _told(panels: MetricPanels) -> Band:
    legend = "{{nats}} {{asset}}: {{reason}}"
    missing = panels.alert_lines("servers/missing", legend=legend)
    expiring = panels.alert_lines("servers/credentials", legend="{{nats}} {{connection}}")
    bands = [missing, expiring]
    if "servers" in panels.context.groups:
        legend = "{{server}} {{listener}}"
        bands.append(panels.alert_lines("servers/certificates", legend=legend))
    return Band(8, bands)


def _line(panels: MetricPanels, name: str) -> core.TimeSeries:
    return panels.alert_lines(f"servers/{name}")


_LINKS: Final[Mapping[str, Callable[[MetricPanels], core.StateTimeline]]] = {
    "leafnodes": _leaf_nodes,
    "gateways": _gateways,
}
