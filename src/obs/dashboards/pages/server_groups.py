"""What is collected of NATS servers on request: their clients' connections, and Raft groups."""

from obs.catalogue import nats, nats_clients, nats_raft
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.pages.jetstream import NONE

_HIGHEST = 20


def page(context: BuildContext) -> Page | None:
    """The page; None where neither is collected."""
    if context.groups.isdisjoint({"connections", "raft"}):
        return None
    panels = MetricPanels(context, VariableScope(nats.SERVER[:1]), NONE, context.nats_poll)
    stats, sections = [], []
    if "connections" in context.groups:
        stats.append(
            panels.stat(
                "server_groups/connections",
                nats_clients.CONNECTIONS,
                title="Connections",
                description="Connections of the clients of the chosen accounts.",
                total="sum",
            )
        )
        sections += [Section("Clients", [_waiting(panels), _traffic(panels)])]
    if "raft" in context.groups:
        stats.append(panels.stat("server_groups/leaderless", nats_raft.LEADERLESS, total="sum"))
        sections += [Section("Raft groups", [_groups(panels)])]
    return Page(
        "server_groups",
        "NATS clients and Raft groups",
        "Do clients read in time, and do the servers agree?",
        variables(nats.SERVER_UP, "nats"),
        [Section("", [Band(4, stats)]), *sections],
    )


def _waiting(panels: MetricPanels) -> Band:
    share = panels.alert_lines("server_groups/pending", highest=_HIGHEST)
    on_servers = panels.lines("server_groups/server_pending", nats_clients.SERVER_PENDING)
    return Band(8, [share, on_servers])


def _traffic(panels: MetricPanels) -> Band:
    received = panels.lines("server_groups/received", nats_clients.RECEIVED, highest=_HIGHEST)
    sent = panels.lines("server_groups/sent", nats_clients.SENT, highest=_HIGHEST)
    return Band(8, [received, sent])


def _groups(panels: MetricPanels) -> Band:
    legend = "{{server}} {{state}}"
    groups = panels.lines("server_groups/raft_groups", nats_raft.GROUPS, legend=legend)
    behind = panels.lines("server_groups/most_behind", nats_raft.MOST_BEHIND)
    follower = panels.lines("server_groups/peer_lag", nats_raft.PEER_LAG)
    return Band(8, [groups, behind, follower])
